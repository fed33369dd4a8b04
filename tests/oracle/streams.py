"""TCP byte streams, put together after the fact: all segments are kept, then laid out by sequence number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.oracle.packets import Way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.packets import TcpHead

CIRCLE = 1 << 32


@dataclass
class _Direction:
    """One direction of one connection."""

    begun: int | None = None
    """Sequence number of the first byte, if its SYN was seen."""
    latest: int = 0
    """Unwrapped sequence number of the latest segment."""
    segments: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """Payloads by unwrapped sequence number, in the order of their arrival."""


class Streams:
    """Collects segments; a SYN with another number than before begins another connection."""

    def __init__(self) -> None:
        self._directions: dict[Way, list[_Direction]] = {}
        self._promised: dict[Way, int] = {}
        """Sequence numbers of first bytes, as answers to a SYN expect them."""

    def add(self, way: Way, head: TcpHead, payload: bytes) -> None:
        """Take one segment."""
        directions = self._directions.setdefault(way, [])
        first = head.seq + head.syn
        if not directions or (head.syn and directions[-1].begun not in {None, first}):
            directions.append(_Direction(latest=first))
        direction = directions[-1]
        if head.syn:
            direction.begun = first
            if head.acknowledged is not None:
                self._promised[_back(way)] = head.acknowledged
        step = (first - direction.latest + CIRCLE // 2) % CIRCLE - CIRCLE // 2
        direction.latest += step
        if payload:
            direction.segments[direction.latest].append(payload)

    def assembled(self) -> Iterator[tuple[Way, bytes, bool, bytes | None]]:
        """Yield each direction's bytes up to the first hole, and whether there was none.

        Where nobody knows where it begins, also the bytes of the other direction, by which one may guess.
        """
        for way, directions in self._directions.items():
            for direction in directions:
                other = None
                if direction.begun is None and len(directions) == 1 and way not in self._promised:
                    there = self._directions.get(_back(way), [])
                    other = _assemble(there[0])[0] if there else b""
                yield way, *_assemble(direction), other


def _back(way: Way) -> Way:
    return Way(way.dst, way.dport, way.src, way.sport)


def _assemble(direction: _Direction) -> tuple[bytes, bool]:
    if not direction.segments:
        return b"", True
    start = min(direction.segments) if direction.begun is None else direction.begun
    data = bytearray()
    for at in sorted(direction.segments):
        for payload in direction.segments[at]:
            if at - start > len(data):
                return bytes(data), False
            data += payload[max(0, start + len(data) - at) :]  # of bytes sent twice the first count
    return bytes(data), True
