"""The flows of a recording, counted by the laboratory itself: what there was to find must not come from the finder.

Ethernet with any number of VLAN tags, IPv4 and IPv6 without extension headers, TCP and UDP. A SYN with a new sequence
number begins a flow anew (RFC 9293, 3.4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.labels import End

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.frames import Frame

VLAN_TAGS = (b"\x81\x00", b"\x88\xa8")
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
TCP, UDP = 6, 17
FRAGMENT = 0x1FFF
SYN, ACK = 0x02, 0x10


class Packet(NamedTuple):
    """What matters of one packet."""

    transport: str
    source: End
    target: End
    payload: int
    flags: int
    sequence: int
    at: int
    """Offset of the IP header in the frame."""


@dataclass(slots=True)
class Conversation:
    """One flow: ``orig`` sent the first packet that was seen."""

    transport: str
    orig: End
    resp: End
    first: int
    last: int
    begun: bool
    """Whether a TCP connection's SYN was seen; always so for UDP."""
    isn: int | None = None
    payload: dict[End, int] = field(default_factory=dict)
    """Bytes that each end sent, retransmissions included."""

    @property
    def total(self) -> int:
        """Payload of both ends."""
        return sum(self.payload.values())

    @property
    def both(self) -> bool:
        """Whether both ends sent payload."""
        return all(self.payload.get(end) for end in (self.orig, self.resp))


def packet(data: bytes) -> Packet | None:
    """Return what an Ethernet frame carries, if it is the head of a TCP segment or UDP datagram."""
    at = 12
    while data[at : at + 2] in VLAN_TAGS:
        at += 4
    kind, at = data[at : at + 2], at + 2
    if kind == IPV4 and len(data) >= at + 20:
        header = 4 * (data[at] & 0x0F)
        total, offset, protocol = struct.unpack_from(">2xH2xHxB", data, at)
        addresses, size = 12, 4
        length = total - header
        if offset & FRAGMENT:
            return None
    elif kind == IPV6 and len(data) >= at + 40:
        length, protocol = struct.unpack_from(">4xHB", data, at)
        header, addresses, size = 40, 8, 16
    else:
        return None
    source, target = (
        str(ip_address(data[at + addresses + n * size : at + addresses + (n + 1) * size])) for n in (0, 1)
    )
    return _transport(data, at, at + header, length, protocol, source, target)


def _transport(data: bytes, ip: int, at: int, length: int, protocol: int, source: str, target: str) -> Packet | None:
    if protocol == UDP and len(data) >= at + 8:
        sport, dport = struct.unpack_from(">HH", data, at)
        return Packet("udp", End(source, sport), End(target, dport), length - 8, 0, 0, ip)
    if protocol == TCP and len(data) >= at + 20:
        sport, dport, sequence, offset, flags = struct.unpack_from(">HHI4xBB", data, at)
        return Packet("tcp", End(source, sport), End(target, dport), length - 4 * (offset >> 4), flags, sequence, ip)
    return None


def conversations(frames: Iterable[Frame]) -> list[Conversation]:
    """Return the flows of an Ethernet recording, in order of their beginning."""
    found: list[Conversation] = []
    current: dict[tuple[str, frozenset[End]], Conversation] = {}
    for frame in frames:
        seen = packet(frame.data)
        if seen is None:
            continue
        key = (seen.transport, frozenset((seen.source, seen.target)))
        begins = seen.flags & (SYN | ACK) == SYN
        flow = current.get(key)
        if flow is None or (begins and flow.isn is not None and flow.isn != seen.sequence):
            begun = begins or seen.transport == "udp"
            isn = seen.sequence if begins else None
            flow = Conversation(seen.transport, seen.source, seen.target, frame.time, frame.time, begun, isn)
            current[key] = flow
            found.append(flow)
        flow.last = max(flow.last, frame.time)
        flow.payload[seen.source] = flow.payload.get(seen.source, 0) + seen.payload
    return found
