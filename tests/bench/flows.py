"""One flow after another: which ends, how many packets, in what rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.frames import ACK, FIN, PSH, SYN, End, Tcp, Udp, inside_address, outside_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from tests.bench.applications import Talk
    from tests.bench.pcapfile import Frames

_SETUP_AND_CLOSE = 6  # packets of a TCP flow beside its data and acknowledgements
_RETRANSMITTED = 0.002  # of data segments
_IN_A_TRAIN = 0.85  # of the packets of a busy flow, follow the one before at once
_LONGEST_SHARE = 2_000  # times the shortest
_QUERY_END = b"1:y1:qe"


class Ends:
    """Draws the two ends of flows, no pair of them twice."""

    def __init__(self, rng: Random, inside: int, outside: int) -> None:
        self.inside = [inside_address(index) for index in range(inside)]
        self.outside = distinct_addresses(rng, outside)
        self._rng = rng
        self._drawn: set[tuple[End, End]] = set()

    def draw(self, port: int) -> tuple[End, End]:
        """Return an inside client with an ephemeral port and an outside server at ``port``."""
        rng = self._rng
        while True:
            pair = (
                End(rng.choice(self.inside), rng.randrange(32_768, 61_000)),
                End(rng.choice(self.outside), port),
            )
            if pair not in self._drawn:
                self._drawn.add(pair)
                return pair


def distinct_addresses(rng: Random, count: int) -> list[int]:
    """Return ``count`` different outside addresses."""
    addresses: dict[int, None] = {}
    while len(addresses) < count:
        addresses[outside_address(rng)] = None
    return list(addresses)


def shares(rng: Random, total: int, count: int, *, least: int, tail: float) -> list[int]:
    """Split ``total`` packets among ``count`` flows, ``least`` or more each, Pareto-distributed with index ``tail``."""
    spare = total - least * count
    if spare < 0:
        raise ValueError(f"{total} packets are too few for {count} flows of at least {least}")
    weights = [min(rng.paretovariate(tail) - 1, _LONGEST_SHARE) for _ in range(count)]
    unit = spare / sum(weights)
    result = [least + int(weight * unit) for weight in weights]
    for index in range(total - sum(result)):  # what rounding left over, fewer than ``count``
        result[index] += 1
    return result


def tcp(
    rng: Random, client: End, server: End, talk: Talk, packets: int, *, acknowledge_after: int = 2
) -> Iterator[bytes]:
    """Yield the ``packets`` frames of a whole TCP flow: set-up, data with acknowledgements, close.

    A pure acknowledgement follows every ``acknowledge_after`` data segments in one direction.
    """
    flow = Tcp(rng, client, server)
    yield flow.send(True, flags=SYN)
    yield flow.send(False, flags=SYN | ACK)
    yield flow.send(True)
    left = packets - _SETUP_AND_CLOSE
    before, unacknowledged = True, 0
    while left > 0:
        from_client, payload = next(talk)
        yield flow.send(from_client, payload, PSH | ACK)
        left -= 1
        if left and rng.random() < _RETRANSMITTED:
            yield flow.resend(from_client, payload)
            left -= 1
        unacknowledged = unacknowledged + 1 if from_client is before else 1
        before = from_client
        if left and unacknowledged >= acknowledge_after:
            yield flow.send(not from_client)
            left -= 1
            unacknowledged = 0
    yield flow.send(True, flags=FIN | ACK)
    yield flow.send(False, flags=FIN | ACK)
    yield flow.send(True)


def udp(rng: Random, client: End, server: End, talk: Talk, packets: int) -> Iterator[bytes]:
    """Yield the ``packets`` frames of a UDP flow."""
    flow = Udp(rng, client, server)
    for _ in range(packets):
        yield flow.send(*next(talk))


def placed(rng: Random, packets: int, whole: int, *, after: int = 0) -> tuple[int, float]:
    """Return when a flow of ``packets`` begins, ``after`` or later, and its mean gap, so that ``whole`` holds it all.

    All are microseconds. Most flows last up to two minutes, those of many packets longer.
    """
    most = whole - after
    life = min(most * 0.8, rng.uniform(1e6, 120e6) + packets * rng.uniform(5e3, 150e3))
    return int(after + rng.random() * (most - life)), life / packets


def evenly(rng: Random, frames: Iterator[bytes], gap: float) -> Frames:
    """Pace ``frames`` at ``gap`` microseconds on average."""
    most = 2 * gap
    for frame in frames:
        yield frame, int(rng.random() * most)


def in_trains(rng: Random, frames: Iterator[bytes], gap: float) -> Frames:
    """Pace ``frames`` in trains with pauses between, at ``gap`` microseconds on average."""
    most = 2 * gap / (1 - _IN_A_TRAIN)
    for frame in frames:
        draw = rng.random()
        yield frame, int(20 + draw * 400) if draw < _IN_A_TRAIN else int(rng.random() * most)


def asked_and_answered(rng: Random, frames: Iterator[bytes], pause: float) -> Frames:
    """Pace KRPC ``frames``: after a query a round trip, after anything else ``pause`` microseconds on average."""
    most = 2 * pause
    for frame in frames:
        yield frame, int(20_000 + rng.random() * 200_000 if frame.endswith(_QUERY_END) else rng.random() * most)
