"""Measure incidents that go on: ``python -m tests.bench.standing`` (``--help`` lists the options).

Makes flows with handshakes and pieces of hosts that are ours, hands them to the standing pipeline as a watch would, and
prints Markdown: how long a tick takes in which some hosts have news. Three networks: one host that has thousands of
flows, a thousand hosts with twenty flows each, and a hundred thousand flows in all. The bar is 100 ms for fifty hosts
of twenty flows; ``--check`` fails where it is missed.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from ipaddress import IPv4Address
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import Handshake, Messages
from auditor.model.flow import Endpoint, Flow, Observation
from auditor.model.infohash import Infohash
from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.model.scale import Confidence
from auditor.model.watch import Delta, FlowSeen
from auditor.pipeline.pacing import UNPACED
from auditor.pipeline.standing import Standing
from auditor.written.in_force import State
from tests.bench import machine
from tests.bench.judging import policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.flow import End

START = 1_795_345_200 * NANOSECONDS
TICK = NANOSECONDS // 4
BAR = 0.1
RESERVED = bytes([0, 0, 0, 0, 0, 0x10, 0, 5])


class Network(NamedTuple):
    """What stands, and what has news."""

    name: str
    hosts: int
    flows: int
    """Of each host."""
    news: int
    """Hosts with news in one tick."""
    is_paced: bool
    """Whether hosts are folded only as often as their cost allows."""


NETWORKS = (
    Network("one host of 4,000 flows, each time", 1, 4_000, 1, is_paced=False),
    Network("one host of 4,000 flows, paced", 1, 4_000, 1, is_paced=True),
    Network("1,000 hosts of 20 flows, 50 with news", 1_000, 20, 50, is_paced=False),
    Network("5,000 hosts of 20 flows, 50 with news", 5_000, 20, 50, is_paced=False),
)


def flow(draw: random.Random, host: int, number: int, moment: int) -> Flow:
    """Make a peer connection of a host, as it is known at a moment."""
    torrent = Infohash(bytes([host % 251, number % 3] * 10))
    own, other = b"-qB4520-%012d" % host, b"-TR4060-%012d" % number
    first = START + number * NANOSECONDS
    down = draw.randrange(1 << 30)

    def seen(detector: str, end: End, fact: Handshake | Messages, frame: int) -> Observation:
        return Observation(detector, Confidence.CONFIRMED, end, first, moment, 1, ((0, frame),), fact, 0)

    counts = {"piece": 10, "request": 10, "have": 30}
    return Flow(
        vantage="office",
        transport="tcp",
        orig=Endpoint(IPv4Address((10 << 24) + host + 1), 20_000 + number),
        resp=Endpoint(IPv4Address(draw.randrange(1 << 31, (1 << 31) + (1 << 20))), 6881),
        vlan=(),
        tunnel=None,
        first=first,
        last=moment,
        packets=(100, 200),
        bytes=(1000, down),
        missing=(0, 0),
        minutes=tuple((minute, 10, 1000) for minute in range(first // MINUTE, moment // MINUTE + 1)),
        observations=(
            seen("bt.handshake", "orig", Handshake(torrent, own, RESERVED), 1),
            seen("bt.handshake", "resp", Handshake(torrent, other, RESERVED), 2),
            seen("bt.messages", "orig", Messages(0, 0, counts, partial=False), 3),
            seen("bt.messages", "resp", Messages(down // 16384, down, counts, partial=False), 4),
        ),
    )


def ticks(network: Network, draw: random.Random, number: int) -> Iterator[Delta]:
    """Yield all that stands, then ticks in each of which some hosts have news of two flows."""
    begin = START + (network.flows + 60) * NANOSECONDS
    numbers = [(host, number) for host in range(network.hosts) for number in range(network.flows)]
    yield Delta(
        tuple(FlowSeen(host * network.flows + n, flow(draw, host, n, begin), False) for host, n in numbers),
        seen_until=begin,
    )
    for tick in range(1, number + 1):
        now = begin + tick * TICK
        hosts = draw.sample(range(network.hosts), network.news)
        chosen = [(host, draw.randrange(network.flows)) for host in hosts for _ in range(2)]
        yield Delta(
            tuple(FlowSeen(host * network.flows + n, flow(draw, host, n, now), False) for host, n in chosen),
            seen_until=now,
        )


def measure(network: Network, number: int) -> tuple[float, list[float], int]:
    """Return the seconds that the standing flows took, those of each tick, and how many changes were told."""
    draw = random.Random(1)  # noqa: S311 - the same work each time
    judge, _ = policy(draw)
    ids, wall = count(), [0.0]

    def clock() -> float:
        # Between ticks a quarter of a second passes; without pacing, so much that every host has its turn.
        return wall[0] + time.process_time()

    standing = Standing(
        State(judge, judge.sha256, 0),
        sensor="bench",
        directory=None,
        key=bytes(32),
        new_id=lambda: f"id-{next(ids)}",
        clock=clock,
        pace=None if network.is_paced else UNPACED,
    )
    all_ticks = ticks(network, draw, number)
    first = next(all_ticks)
    began = time.process_time()
    told = len(standing.take(first))
    while standing.sizes["waiting_hosts"]:
        told += len(standing.take(Delta()))
    standing_took = time.process_time() - began
    took = []
    for delta in all_ticks:
        wall[0] += 0.25 if network.is_paced else 60.0
        began = time.process_time()
        told += len(standing.take(delta))
        took.append(time.process_time() - began)
    return standing_took, took, told


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if, with ``--check``, the bar was missed."""
    options = _options(words)
    gc.set_threshold(1_000_000)  # as the command line has it
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write("| network | flows | folded first, s | flows a second | median tick, ms | worst, ms | changes |\n")
    sys.stdout.write("|---|--:|--:|--:|--:|--:|--:|\n")
    is_missed = False
    for network in NETWORKS:
        first, took, told = measure(network, options.ticks)
        flows = network.hosts * network.flows
        median, worst = sorted(took)[len(took) // 2] * 1000, max(took) * 1000
        counts = f"{flows:,} | {first:.2f} | {flows / first:,.0f} | {median:.1f} | {worst:.1f} | {told:,}"
        sys.stdout.write(f"| {network.name} | {counts} |\n")
        sys.stdout.flush()
        is_missed |= network.news > 1 and median > BAR * 1000
    return int(options.check and is_missed)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.standing", description=__doc__)
    parser.add_argument("--ticks", type=int, default=40)
    parser.add_argument("--check", action="store_true", help="fail where the bar is missed")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
