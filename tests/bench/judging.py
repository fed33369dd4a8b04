"""Measure attribution and judgement: ``python -m tests.bench.judging`` (``--help`` lists the options).

Makes a policy of 200 groups and 500 rules, of every kind that the format has, and 100,000 conducts of hosts whose
holders are known; then attributes and judges each, the first ones before anything is kept, and prints Markdown: seconds
of the processor, and how many a second. The bar is 20,000 a second on one core; ``--check`` fails where it is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.identity import Holder, SourceLine, Trust
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy import load
from auditor.policy.history import History
from tests.bench import machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.incident import Kind
    from auditor.policy.evaluate import Policy

CONDUCTS = 100_000
RATE = 20_000
RULES = 500
LISTS = 30
START = 1_795_345_200 * 10**9
LINE = (SourceLine("office", "dhcpd.leases", 17),)
DETECTORS = ("bt.dht", "bt.extended", "bt.handshake", "bt.messages", "bt.mse", "bt.pex", "bt.tracker.udp", "bt.utp")
KINDS: tuple[Kind, ...] = (*("swarm",) * 8, "dht", "encrypted")
CLIENTS = ("qBittorrent 4.5.2", "Transmission 4.0.6", "libtorrent (Rasterbar) 2.0.11", "BitComet 2.10")


def groups() -> dict[str, str]:
    """Return 200 groups, each with its members."""
    found = {f"site{n}": f"networks: 10.{n}.0.0/16" for n in range(40)}
    found |= {f"floor{n}": f"within: site{n % 40}, networks: 10.{n % 40}.{n}.0/24" for n in range(60)}
    found |= {f"department{n}": f"directory_groups: 'cn=department{n},*'" for n in range(40)}
    found |= {f"laboratory{n}": f"hosts: laboratory{n}-*" for n in range(30)}
    found |= {f"team{n}": f"users: ['u{n}x*', lead{n}], macs: '52:54:00:00:00:{n:02x}'" for n in range(18)}
    found |= {f"wire{n}": f"vlans: {n + 1}" for n in range(10)}
    return {**found, "unattributed": "", "unknown": ""}


def when(draw: random.Random) -> str:
    """Draw what a rule asks."""
    return draw.choice(
        [
            "confidence: likely, participation: connected",
            f"lists: l{draw.randrange(LISTS)}",
            f"lists: [l{draw.randrange(LISTS)}, l{draw.randrange(LISTS)}], inferred: true",
            f"direction: upload, amount: {{at_least: {draw.randrange(1, 500)} MiB}}",
            "detectors: [bt.dht, bt.lsd]",
            f"ports: [{draw.randrange(1024, 65000)}, 51413]",
            "hours: 22:00-06:00, days: sat",
            f"client: '*{draw.randrange(100)}*'",
            "private: true",
            f"swarm_size: {{at_least: {draw.randrange(1, 9999)}}}",
            "kind: encrypted",
            f"often: {{count: {draw.randrange(2, 6)}, within: 7d}}",
        ]
    )


def rule(number: int, draw: random.Random, *, is_narrow: bool = False) -> str:
    """Draw a rule: most are for a few groups."""
    verdict = draw.choice(["allow", "notice", "violation"])
    options = f"id: r{number}, verdict: {verdict}, reason: because of {number}"
    if draw.random() > 0.05 and not is_narrow:
        options += f", group: [{', '.join(draw.sample(list(groups()), draw.choice([1, 1, 2, 5, 20])))}]"
    if verdict == "violation" and draw.random() < 0.2:
        options += ", first: {count: 1, within: 90d}"
    asked = f"client: '*x{number}*', direction: upload" if is_narrow else when(draw)
    if verdict == "violation":
        asked += "".join(f", {floor}" for floor in FLOORS if floor.partition(":")[0] not in asked)
    return f"  - {{{options}, when: {{{asked}}}}}\n"


FLOORS = ("participation: attempted", "confidence: likely")


def policy(draw: random.Random) -> tuple[Policy, list[bytes]]:
    """Make the policy, and the infohashes that its lists have."""
    default = "default: {verdict: notice, reason: by default}"
    text = "version: 1\npurpose: bench\npeople: none\ntimezone: Europe/Berlin\ngroups:\n"
    for name, members in groups().items():
        text += f"  - {{name: {name}, {members + ', ' if members else ''}{default}}}\n"
    listed = [[draw.randbytes(20) for _ in range(20)] for _ in range(LISTS)]
    text += "lists:\n" + "".join(
        f"  l{n}: {{infohashes: [{', '.join(each.hex() for each in some)}]}}\n" for n, some in enumerate(listed)
    )
    text += "rules:\n"
    above = text.count("\n") + 1
    rules = [rule(number, draw) for number in range(RULES)]
    while True:
        loaded = load.parse((text + "".join(rules)).encode(), Path("bench.yaml"))
        if loaded.policy is not None:
            return loaded.policy, [each for some in listed for each in some]
        for issue in loaded.issues:
            if issue.code == "unreachable-rule":
                rules[issue.line - above] = rule(issue.line - above, draw, is_narrow=True)


def conducts(count: int, listed: list[bytes], draw: random.Random) -> Iterator[tuple[Conduct, Holder | None]]:
    """Draw conducts, in order of time, and who held their addresses."""
    for number in range(count):
        first = START + number * 3 * 10**9
        kind = draw.choice(KINDS)
        torrent = Infohash(draw.choice(listed) if draw.random() < 0.3 else draw.randbytes(20))
        basis = draw.choice([Basis.READ] * 4 + [Basis.INFERRED])
        conduct = Conduct(
            kind=kind,
            vantage="office",
            host=ip_address(0x0A000000 | draw.randrange(44) << 16 | draw.randrange(1 << 16)),
            ports=(draw.randrange(1024, 65535),),
            remote_ports=tuple(sorted(draw.randrange(1024, 65535) for _ in range(draw.randrange(1, 20)))),
            first=first,
            last=first + draw.randrange(4 * 3600) * 10**9,
            participation=draw.choice(list(Participation)),
            confidence=draw.choice(list(Confidence)),
            detectors=tuple(sorted(draw.sample(DETECTORS, draw.randrange(1, 5)))),
            infohashes=None if kind == "dht" else Infohashes((torrent,), None, None, basis),
            downloaded=draw.randrange(1 << 31),
            uploaded=draw.randrange(1 << 31),
            amount_basis=draw.choice(list(AmountBasis)),
            flows=(),
            activities=(),
            frames=(),
            vlan=(draw.randrange(1, 30),),
            mac=None,
            clients=(draw.choice(CLIENTS),),
            swarm_size=draw.randrange(5000),
            private=draw.choice([None, True, False]),
        )
        yield conduct, _holder(draw) if draw.random() < 0.8 else None


def _holder(draw: random.Random) -> Holder:
    return Holder(
        Trust.LEASED,
        LINE,
        mac=":".join(f"{byte:02x}" for byte in (0x52, 0x54, *draw.randbytes(4))),
        host=f"{draw.choice(['laboratory', 'pc', 'desk'])}{draw.randrange(40)}-{draw.randrange(100_000)}",
        user=f"u{draw.randrange(60)}x{draw.randrange(10_000)}" if draw.random() < 0.5 else None,
        groups=tuple(f"cn=department{draw.randrange(60)},dc=example" for _ in range(draw.randrange(3))),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if, with ``--check``, the bar was missed."""
    options = _options(words)
    draw = random.Random(1)  # noqa: S311 - the same work each time
    judge, listed = policy(draw)
    work = list(conducts(options.conducts, listed, draw))
    history, rules = History(), set[str | None]()
    began = time.process_time()
    for conduct, holder in work:
        attribution = judge.attribute(conduct.host, vlan=conduct.vlan, mac=conduct.mac, holder=holder)
        rules.add(judge.judge(conduct, attribution, history).rule)
    seconds = time.process_time() - began
    rate = len(work) / seconds
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write("| groups | rules | that decided | incidents | seconds | a second |\n|--:|--:|--:|--:|--:|--:|\n")
    decided = len(rules - {None})
    sys.stdout.write(
        f"| {len(judge.groups)} | {len(judge.rules)} | {decided} | {len(work):,} | {seconds:.1f} | {rate:,.0f} |\n"
    )
    return int(options.check and rate < RATE)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.judging", description=__doc__)
    parser.add_argument("--conducts", type=int, default=CONDUCTS)
    parser.add_argument("--check", action="store_true", help="fail where the bar is missed")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
