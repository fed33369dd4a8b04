"""Conversations as data, and the ways in which one and the same conversation can cross a wire."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.build.frames import (
    ACK,
    FIN,
    MILLISECOND,
    PSH,
    START,
    SYN,
    TCP,
    UDP,
    End,
    Frame,
    Side,
    ethernet,
    ip_packet,
    tcp_segment,
    udp_datagram,
)
from tests.build.utp import CUT, DATA, SELECTIVE_ACK, STATE, packet
from tests.build.utp import FIN as UTP_FIN
from tests.build.utp import SYN as UTP_SYN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hypothesis.vendor.pretty import RepresentationPrinter

TURN = 20 * MILLISECOND
"""From one turn of a conversation to the next: longer than a frame may be delivered twice within."""
STEP = 10_000
"""From one segment of a turn to the next, in nanoseconds."""
MSS = 1460
Turn = tuple[Side, bytes]


@dataclass(frozen=True)
class Packet:
    """One IP packet on its way, still to be dressed for the wire."""

    time: int
    src: End
    dst: End
    protocol: int
    body: bytes
    """From the transport header on."""
    identity: int
    vlan: tuple[int, ...] = ()

    def frame(self) -> Frame:
        """Put it on Ethernet."""
        packet = ip_packet(self.src, self.dst, self.protocol, self.body, self.identity)
        return Frame(self.time, ethernet(self.src, self.dst, packet, self.vlan))

    def routed(self, after: int, vlan: tuple[int, ...] | None = None) -> Frame:
        """Put on Ethernet what a router made of it: other MACs, one hop less, in another VLAN if one is given."""
        packet = ip_packet(self.src, self.dst, self.protocol, self.body, self.identity, ttl=63)
        inner, outer = replace(self.src, mac="02:fe:00:00:00:01"), replace(self.dst, mac="02:fe:00:00:00:02")
        return Frame(self.time + after, ethernet(inner, outer, packet, self.vlan if vlan is None else vlan))


@dataclass(frozen=True)
class Segment:
    """Some bytes of one side of a connection; ``at`` is the place of the first. SYN stands before them, FIN behind."""

    time: int
    side: Side
    at: int
    data: bytes = b""
    flags: int = ACK
    acked: int = 0
    """How many bytes of the other side were there before."""


@dataclass(frozen=True)
class Talk:
    """A TCP connection: what was said, in turns."""

    client: End
    server: End
    turns: tuple[Turn, ...]
    vlan: tuple[int, ...] = ()
    start: int = START
    isn: tuple[int, int] = (1_000, 500_000)
    closed: bool = True
    closer: Side = "orig"
    """The end that closes first."""

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: object) -> None:
        """Tell in a failure who spoke, and how each turn begins: all bytes would be too many."""
        del cycle
        turns = ", ".join(f"{side} {len(data)} bytes {data[:5].hex()}…" for side, data in self.turns)
        ends = f"{self.client.ip}:{self.client.port} > {self.server.ip}:{self.server.port}"
        printer.text(f"Talk({ends}, vlan={self.vlan}, isn={self.isn}, closed={self.closed}, turns=[{turns}])")

    def said(self, side: Side) -> bytes:
        """Return everything that one side said."""
        return b"".join(data for who, data in self.turns if who == side)

    def segments(self, cuts: Iterable[int] | None = None) -> list[Segment]:
        """Cut what was said: at these places of both sides' bytes, else into full segments."""
        made = self._opening()
        sent: dict[Side, int] = {"orig": 0, "resp": 0}
        places = None if cuts is None else sorted(set(cuts))
        for number, (side, data) in enumerate(self.turns, start=1):
            time, first = self.start + number * TURN, sent[side]
            other = sent[_opposite(side)]
            for step, (low, high) in enumerate(pairwise(_cut(first, first + len(data), places))):
                part = data[low - first : high - first]
                made.append(Segment(time + step * STEP, side, low, part, PSH | ACK, other))
            sent[side] += len(data)
            made.append(Segment(time + 2 * MILLISECOND, _opposite(side), other, flags=ACK, acked=sent[side]))
        return made + (self._closing(sent) if self.closed else [])

    def packet(self, segment: Segment, identity: int) -> Packet:
        """Put a segment into an IP packet."""
        mine, theirs = self.isn if segment.side == "orig" else self.isn[::-1]
        src, dst = (self.client, self.server) if segment.side == "orig" else (self.server, self.client)
        seq = mine + (0 if segment.flags & SYN else 1) + segment.at
        ack = theirs + 1 + segment.acked if segment.flags & ACK else 0
        body = tcp_segment(src, dst, seq, ack, segment.flags, segment.data)
        return Packet(segment.time, src, dst, TCP, body, identity, self.vlan)

    def packets(self, segments: Iterable[Segment] | None = None) -> list[Packet]:
        """Put segments, by default all in their order, into IP packets numbered as each side would."""
        numbers: dict[Side, int] = {"orig": 0x1000, "resp": 0x8000}
        made = []
        for segment in self.segments() if segments is None else segments:
            made.append(self.packet(segment, numbers[segment.side]))
            numbers[segment.side] += 1
        return made

    def _opening(self) -> list[Segment]:
        return [
            Segment(self.start, "orig", 0, flags=SYN),
            Segment(self.start + MILLISECOND, "resp", 0, flags=SYN | ACK),
            Segment(self.start + 2 * MILLISECOND, "orig", 0),
        ]

    def _closing(self, sent: dict[Side, int]) -> list[Segment]:
        time = self.start + (len(self.turns) + 1) * TURN
        first, second = self.closer, _opposite(self.closer)
        return [
            Segment(time, first, sent[first], flags=FIN | ACK, acked=sent[second]),
            Segment(time + MILLISECOND, second, sent[second], flags=FIN | ACK, acked=sent[first] + 1),
            Segment(time + 2 * MILLISECOND, first, sent[first] + 1, acked=sent[second] + 1),
        ]


@dataclass(frozen=True)
class Exchange:
    """Datagrams between two ends, one a turn."""

    client: End
    server: End
    turns: tuple[Turn, ...]
    vlan: tuple[int, ...] = ()
    start: int = START

    def packets(self) -> list[Packet]:
        """Put the datagrams into IP packets."""
        made = []
        for number, (side, payload) in enumerate(self.turns):
            src, dst = (self.client, self.server) if side == "orig" else (self.server, self.client)
            body = udp_datagram(src, dst, payload)
            made.append(Packet(self.start + number * TURN, src, dst, UDP, body, number + 1, self.vlan))
        return made


@dataclass(frozen=True)
class Datagram:
    """One uTP packet of one side; ``number`` is counted from the side's first packet with payload."""

    time: int
    side: Side
    kind: int
    number: int
    acked: int
    """Packets of the other side that were there before."""
    data: bytes = b""
    out_of_order: bool = False
    """It says which packets came out of order."""


@dataclass(frozen=True)
class UtpTalk:
    """A uTP connection: what was said, in turns."""

    client: End
    server: End
    turns: tuple[Turn, ...]
    connection: int = 700
    numbers: tuple[int, int] = (1, 500)
    """The SYN's number, and the one that the answer shows."""
    vlan: tuple[int, ...] = ()
    start: int = START
    closed: bool = True

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: object) -> None:
        """Tell in a failure who spoke, and how each turn begins."""
        del cycle
        turns = ", ".join(f"{side} {len(data)} bytes {data[:5].hex()}…" for side, data in self.turns)
        ends = f"{self.client.ip}:{self.client.port} > {self.server.ip}:{self.server.port}"
        printer.text(f"UtpTalk({ends}, {self.connection}, {self.numbers}, closed={self.closed}, turns=[{turns}])")

    def datagrams(self, cuts: Iterable[int] | None = None) -> list[Datagram]:
        """Cut what was said into packets: at these places of both sides' bytes, else into full ones."""
        made = [
            Datagram(self.start, "orig", UTP_SYN, -1, 0),
            Datagram(self.start + MILLISECOND, "resp", STATE, 0, 0),
        ]
        places = None if cuts is None else sorted(set(cuts))
        said: dict[Side, int] = {"orig": 0, "resp": 0}
        sent: dict[Side, int] = {"orig": 0, "resp": 0}
        for number, (side, data) in enumerate(self.turns, start=1):
            time, first, other = self.start + number * TURN, said[side], _opposite(side)
            for step, (low, high) in enumerate(pairwise(_cut(first, first + len(data), places, CUT))):
                part = data[low - first : high - first]
                made.append(Datagram(time + step * STEP, side, DATA, sent[side], sent[other], part))
                sent[side] += 1
            said[side] += len(data)
            made.append(Datagram(time + 2 * MILLISECOND, other, STATE, sent[other], sent[side], b"", number % 3 == 0))
        if self.closed:
            time = self.start + (len(self.turns) + 1) * TURN
            made.append(Datagram(time, "orig", UTP_FIN, sent["orig"], sent["resp"]))
            made.append(Datagram(time + MILLISECOND, "resp", UTP_FIN, sent["resp"], sent["orig"] + 1))
        return made

    def packets(self, datagrams: Iterable[Datagram] | None = None) -> list[Packet]:
        """Put packets, by default all in their order, into IP packets numbered as each side would."""
        counted: dict[Side, int] = {"orig": self.connection * 64, "resp": self.connection * 64 + 0x8000}
        made = []
        for each in self.datagrams() if datagrams is None else datagrams:
            made.append(self._packet(each, counted[each.side] & 0xFFFF))
            counted[each.side] += 1
        return made

    def said(self, side: Side) -> bytes:
        """Return everything that one side said."""
        return b"".join(data for who, data in self.turns if who == side)

    def _packet(self, each: Datagram, identity: int) -> Packet:
        """Put one into an IP packet. The SYN goes out under the receiver's id; the answer takes no number."""
        syn, answer = self.numbers
        src, dst = (self.client, self.server) if each.side == "orig" else (self.server, self.client)
        first, theirs = (syn + 1, answer) if each.side == "orig" else (answer, syn + 1)
        connection = self.connection + (each.side == "orig" and each.kind != UTP_SYN)
        acked = 0 if each.kind == UTP_SYN else theirs + each.acked - 1
        extensions = [(SELECTIVE_ACK, b"\x05\0\0\0")] if each.out_of_order else []
        payload = packet(each.kind, connection, first + each.number, acked, each.data, extensions)
        return Packet(each.time, src, dst, UDP, udp_datagram(src, dst, payload), identity, self.vlan)


def frames(packets: Iterable[Packet]) -> list[Frame]:
    """Dress packets for the wire, in order of time."""
    return in_time(packet.frame() for packet in packets)


def in_time(unordered: Iterable[Frame]) -> list[Frame]:
    """Put frames in order of time, each a microsecond or more after the one before."""
    ordered: list[Frame] = []
    for frame in sorted(unordered, key=lambda frame: frame.time):
        earliest = ordered[-1].time + 1000 if ordered else frame.time
        ordered.append(frame if frame.time >= earliest else frame._replace(time=earliest))
    return ordered


def retimed(ordered: Sequence[Frame], times: Iterable[int]) -> list[Frame]:
    """Give frames, in the order in which they stand, these times."""
    return [frame._replace(time=time) for frame, time in zip(ordered, sorted(times), strict=True)]


def arp(host: End, time: int = START) -> Frame:
    """Make a frame without IP."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + host.hardware + host.packed[-4:] + bytes(10)
    return Frame(time, b"\xff" * 6 + host.hardware + b"\x08\x06" + body)


def _cut(first: int, last: int, places: Sequence[int] | None, full: int = MSS) -> list[int]:
    if places is None:
        return [*range(first, last, full), last]
    return [first, *(place for place in places if first < place < last), last]


def _opposite(side: Side) -> Side:
    return "resp" if side == "orig" else "orig"
