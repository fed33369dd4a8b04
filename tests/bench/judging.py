"""Measure attribution and judgement: ``python -m tests.bench.judging`` (``--help`` lists the options).

Makes a policy of 200 groups and 500 rules, of every kind that the format has, a lease file of 1,000,000 lines, a
directory of who is in which group, and 100,000 conducts; then says whose each was at its time and judges them, as an
audit does, with nothing kept from before, and prints Markdown: seconds of the processor, and how many a second. Reading
the leases is measured apart. The bar is 20,000 a second on one core; ``--check`` fails where it is missed.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from auditor.identity.load import load as load_identity
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, People
from auditor.pipeline.part import Host
from auditor.pipeline.people import Shown
from auditor.pipeline.whose import Whose
from auditor.policy import load
from auditor.policy.history import History
from tests.bench import machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.identity.directory import Directory
    from auditor.model.incident import Kind
    from auditor.policy.evaluate import Policy

CONDUCTS = 100_000
RATE = 20_000
RULES = 500
LISTS = 30
START = 1_795_345_200 * 10**9
SPAN = 84 * 3600 * 10**9
LINES = 1_000_000
ADDRESSES = 200_000
HEADER = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context"
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


def address(number: int) -> IPv4Address:
    """Return one of the addresses that leases are for: of 44 sites, of which the policy knows 40."""
    return IPv4Address(0x0A000000 | number % 44 << 16 | number // 44)


def leases(path: Path, lines: int, draw: random.Random) -> None:
    """Write a lease file: every address is held by some devices, one after the other."""
    turns = max(1, lines // ADDRESSES)
    lasting = SPAN // turns // 10**9
    with path.open("w") as file:
        file.write(
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"
        )
        for turn in range(turns):
            for number in range(ADDRESSES):
                start = START // 10**9 + turn * lasting + draw.randrange(lasting // 2)
                mac = draw.randbytes(4).hex(":")
                file.write(f"{address(number)},52:54:{mac},,{lasting},{start + lasting},1,0,0,{name(draw)},0,\n")


def name(draw: random.Random) -> str:
    """Draw a host name, of which some say a laboratory and some stand in a directory group."""
    return f"{draw.choice(['laboratory', 'pc', 'desk'])}{draw.randrange(40)}-{draw.randrange(2000)}"


def enrolments(path: Path, draw: random.Random) -> None:
    """Write a directory's groups, each with 500 hosts."""
    with path.open("w") as file:
        for number in range(40):
            members = "".join(f"member: cn={name(draw)},ou=hosts,dc=example\n" for _ in range(500))
            file.write(f"dn: cn=department{number},dc=example\nobjectClass: group\n{members}\n")


def directory(folder: Path, lines: int, draw: random.Random) -> Directory:
    """Write the sources and read them."""
    leases(folder / "leases.csv", lines, draw)
    enrolments(folder / "groups.ldif", draw)
    (folder / "identity.yaml").write_text(
        "version: 1\nsources:\n"
        "  - {name: office, kind: kea, files: leases.csv, clock: {offset: 0s, margin: 1s}}\n"
        "  - {name: groups, kind: ldif, files: groups.ldif}\n"
    )
    return load_identity(folder / "identity.yaml").build().directory


def conducts(count: int, listed: list[bytes], draw: random.Random) -> Iterator[Conduct]:
    """Draw conducts, in order of time, spread over the time of the leases."""
    for number in range(count):
        first = START + number * SPAN // count
        kind = draw.choice(KINDS)
        torrent = Infohash(draw.choice(listed) if draw.random() < 0.3 else draw.randbytes(20))
        basis = draw.choice([Basis.READ] * 4 + [Basis.INFERRED])
        yield Conduct(
            kind=kind,
            vantage="office",
            host=address(draw.randrange(ADDRESSES)),
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


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if, with ``--check``, the bar was missed."""
    options = _options(words)
    gc.set_threshold(1_000_000)  # as the command line has it
    draw = random.Random(1)  # noqa: S311 - the same work each time
    judge, listed = policy(draw)
    with TemporaryDirectory() as folder:
        began = time.process_time()
        known = directory(Path(folder), options.lines, draw)
        reading = time.process_time() - began
    work = list(conducts(options.conducts, listed, draw))
    whose, history, rules = Whose(judge, known.ask, Shown(People.PSEUDONYM, bytes(32))), History(), set[str | None]()
    began = time.process_time()
    hosts = [Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac) for conduct in work]
    held = [whose.over(host, c.first, c.first)[0].attribution for host, c in zip(hosts, work, strict=True)]
    for conduct, attribution in zip(work, held, strict=True):
        rules.add(judge.judge(conduct, attribution, history).rule)
    seconds = time.process_time() - began
    attributed = sum(attribution.subject is not None for attribution in held)
    rate = len(work) / seconds
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write(f"{options.lines:,} lease lines written and read in {reading:.1f} s of the processor\n\n")
    sys.stdout.write("| groups | rules | that decided | incidents | of a known device | seconds | a second |\n")
    sys.stdout.write("|--:|--:|--:|--:|--:|--:|--:|\n")
    decided = len(rules - {None})
    counts = f"{len(judge.groups)} | {len(judge.rules)} | {decided} | {len(work):,} | {attributed:,}"
    sys.stdout.write(f"| {counts} | {seconds:.1f} | {rate:,.0f} |\n")
    return int(options.check and rate < RATE)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.judging", description=__doc__)
    parser.add_argument("--conducts", type=int, default=CONDUCTS)
    parser.add_argument("--lines", type=int, default=LINES, help="lease lines")
    parser.add_argument("--check", action="store_true", help="fail where the bar is missed")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
