"""Ethernet frames of TCP connections and UDP datagrams, packed by hand because bulk tests need many of them."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Side = Literal["orig", "resp"]

START = 1_795_338_000_000_000_000
"""When conversations begin unless told otherwise: 2026-11-22T09:00:00Z, in nanoseconds since the epoch."""
MILLISECOND = 1_000_000
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
TCP, UDP = 6, 17
_FULL_CIRCLE = 1 << 32


class Frame(NamedTuple):
    """One captured frame: nanoseconds since the epoch, and its bytes from the link layer on."""

    time: int
    data: bytes


@dataclass(frozen=True)
class End:
    """One end of a conversation, IPv4 or IPv6."""

    ip: str
    port: int
    mac: str = ""
    """By default ``02:00`` and the last four bytes of the address."""

    @cached_property
    def packed(self) -> bytes:
        """The address as it stands in a header."""
        return ipaddress.ip_address(self.ip).packed

    @cached_property
    def hardware(self) -> bytes:
        """The MAC as it stands in a header."""
        return bytes.fromhex(self.mac.replace(":", "")) if self.mac else b"\x02\x00" + self.packed[-4:]


def checksum(data: bytes) -> int:
    """Compute the Internet checksum (RFC 1071): one's complement sums are remainders by 0xffff."""
    return -int.from_bytes(data + bytes(len(data) % 2)) % 0xFFFF


def ip_packet(src: End, dst: End, protocol: int, payload: bytes, identity: int = 0, ttl: int = 64) -> bytes:
    """Put ``payload`` into an IPv4 or IPv6 packet, as the addresses say."""
    if len(src.packed) != len(dst.packed):
        raise ValueError(f"{src.ip} and {dst.ip} are not of one address family")
    if len(src.packed) == 4:
        fields = (0x45, 0, 20 + len(payload), identity & 0xFFFF, 0x4000, ttl, protocol)
        sum_ = checksum(struct.pack("!BBHHHBB2x", *fields) + src.packed + dst.packed)
        return struct.pack("!BBHHHBBH", *fields, sum_) + src.packed + dst.packed + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + src.packed + dst.packed + payload


def tcp_segment(src: End, dst: End, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    """Make a TCP segment without options, checksum included."""
    head = struct.pack(
        "!HHIIBBHHH", src.port, dst.port, seq % _FULL_CIRCLE, ack % _FULL_CIRCLE, 5 << 4, flags, 64240, 0, 0
    )
    sum_ = _transport_checksum(src, dst, TCP, head + payload)
    return b"".join((head[:16], struct.pack("!H", sum_), head[18:], payload))


def udp_datagram(src: End, dst: End, payload: bytes) -> bytes:
    """Make a UDP datagram, checksum included."""
    head = struct.pack("!HHHH", src.port, dst.port, 8 + len(payload), 0)
    sum_ = _transport_checksum(src, dst, UDP, head + payload) or 0xFFFF  # zero would mean "none" (RFC 768)
    return head[:6] + struct.pack("!H", sum_) + payload


def ethernet(src: End, dst: End, packet: bytes, vlan: Sequence[int] = ()) -> bytes:
    """Put an IP packet on Ethernet, inside the 802.1Q tags given outermost first (all but the last are 802.1ad)."""
    kinds = [0x88A8] * (len(vlan) - 1) + [0x8100] * bool(vlan) + [0x0800 if packet[0] >> 4 == 4 else 0x86DD]
    tags = b"".join(struct.pack("!HH", kind, tag) for kind, tag in zip(kinds, vlan, strict=False))
    return dst.hardware + src.hardware + tags + struct.pack("!H", kinds[-1]) + packet


@dataclass
class Conversation:
    """One TCP connection, written as it goes; ``frames`` holds what a tap would have seen so far.

    `tcp_stream` is the short way. This is the long one, for losses, resets and odd beginnings::

        talk = Conversation(client, server)
        talk.open()
        talk.send("orig", first)
        talk.lose("orig", second)     # sent, but the tap missed it
        talk.send("orig", third)
        talk.reset("resp")
    """

    client: End
    server: End
    mss: int = 1460
    vlan: Sequence[int] = ()
    start: int = START
    gap: int = MILLISECOND
    """Nanoseconds from one frame to the next."""
    seq: tuple[int, int] = (1_000, 500_000)
    """Initial sequence numbers of client and server."""
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the clock and the sequence numbers."""
        self.time = self.start
        self._ends = {"orig": self.client, "resp": self.server}
        self._seq = {"orig": self.seq[0], "resp": self.seq[1]}
        self._identity = {"orig": 0x1000, "resp": 0x8000}

    def open(self) -> None:
        """Exchange SYN, SYN-ACK and ACK."""
        self._segment("orig", SYN, acknowledge=False)
        self._seq["orig"] += 1
        self._segment("resp", SYN | ACK)
        self._seq["resp"] += 1
        self._segment("orig", ACK)

    def send(self, side: Side, data: bytes, *, acknowledged: bool = True) -> None:
        """Send ``data`` in segments of at most ``mss`` bytes; the other end then acknowledges it with an empty one."""
        for at in range(0, len(data), self.mss):
            chunk = data[at : at + self.mss]
            self._segment(side, PSH | ACK, chunk)
            self._seq[side] += len(chunk)
        if acknowledged:
            self._segment("resp" if side == "orig" else "orig", ACK)

    def lose(self, side: Side, data: bytes) -> None:
        """Send ``data`` where the tap does not see it."""
        self._seq[side] += len(data)

    def close(self) -> None:
        """Exchange FINs, the client's first."""
        self._segment("orig", FIN | ACK)
        self._seq["orig"] += 1
        self._segment("resp", FIN | ACK)
        self._seq["resp"] += 1
        self._segment("orig", ACK)

    def reset(self, side: Side) -> None:
        """Break the connection off."""
        self._segment(side, RST | ACK)

    def pause(self, nanoseconds: int) -> None:
        """Let time pass."""
        self.time += nanoseconds

    def _segment(self, side: Side, flags: int, payload: bytes = b"", *, acknowledge: bool = True) -> None:
        other: Side = "resp" if side == "orig" else "orig"
        src, dst = self._ends[side], self._ends[other]
        segment = tcp_segment(src, dst, self._seq[side], self._seq[other] if acknowledge else 0, flags, payload)
        packet = ip_packet(src, dst, TCP, segment, self._identity[side])
        self._identity[side] += 1
        self.frames.append(Frame(self.time, ethernet(src, dst, packet, self.vlan)))
        self.time += self.gap


def tcp_stream(
    client: End,
    server: End,
    turns: Iterable[tuple[Side, bytes]],
    *,
    mss: int = 1460,
    vlan: Sequence[int] = (),
    start: int = START,
    gap: int = MILLISECOND,
    seq: tuple[int, int] = (1_000, 500_000),
) -> list[Frame]:
    """Make a whole TCP connection: opened by ``client``, the turns in their order, closed by both ends."""
    talk = Conversation(client, server, mss, vlan, start, gap, seq)
    talk.open()
    for side, data in turns:
        talk.send(side, data)
    talk.close()
    return talk.frames


def udp(src: End, dst: End, payload: bytes, *, time: int = START, vlan: Sequence[int] = (), identity: int = 0) -> Frame:
    """Make one UDP datagram in one frame."""
    return Frame(time, ethernet(src, dst, ip_packet(src, dst, UDP, udp_datagram(src, dst, payload), identity), vlan))


def udp_exchange(
    client: End,
    server: End,
    turns: Iterable[tuple[Side, bytes]],
    *,
    vlan: Sequence[int] = (),
    start: int = START,
    gap: int = MILLISECOND,
) -> list[Frame]:
    """Make a talk in UDP datagrams, one a turn."""
    frames = []
    for count, (side, payload) in enumerate(turns):
        src, dst = (client, server) if side == "orig" else (server, client)
        frames.append(udp(src, dst, payload, time=start + count * gap, vlan=vlan, identity=count))
    return frames


def _transport_checksum(src: End, dst: End, protocol: int, segment: bytes) -> int:
    """Compute the checksum over the pseudo-header (RFC 793, RFC 8200 §8.1) and the segment."""
    return checksum(src.packed + dst.packed + struct.pack("!II", len(segment), protocol) + segment)
