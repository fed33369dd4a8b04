"""TCP and UDP flows as Ethernet frames, with the sequence numbers and checksums a real stack writes.

Checksums lean on 2**16 being 1 modulo 65535: a ones' complement sum is the whole field, however wide, modulo 65535.
Layouts: Ethernet II, IPv4 (RFC 791), UDP (RFC 768), TCP (RFC 9293) with timestamps (RFC 7323) on every segment.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
MSS = 1448  # bytes of payload in a full frame: 1500 less IPv4, TCP and the timestamps option

_TCP = struct.Struct("!16sHHIH12sIIHHHHIII")
_UDP = struct.Struct("!16sHHIH12sHH")
_SYN_OPTIONS = bytes.fromhex("020405b40402010303070101")  # MSS 1460, SACK permitted, window scale 7
_TIMESTAMPS = 0x0101080A  # two no-operations, kind 8, length 10
_DONT_FRAGMENT = 0x4000
_WINDOW = 501
_PROTOCOL_TCP, _PROTOCOL_UDP = 6, 17
_TWO_TO_32 = 1 << 32


class End(NamedTuple):
    """One end of a flow: address as a number, port."""

    ip: int
    port: int


class _Half:
    """What one end of a flow keeps between its packets."""

    __slots__ = ("addresses", "clock", "ident", "ip_sum", "prefix", "protocol", "seq", "sum")

    def __init__(self, rng: Random, src: End, dst: End, protocol: int, *, outbound: bool) -> None:
        ttl = 64 if outbound else rng.randrange(44, 60)
        self.prefix = _mac(dst) + _mac(src) + b"\x08\x00\x45\x00"
        self.addresses = struct.pack("!IIHH", src.ip, dst.ip, src.port, dst.port)
        self.protocol = ttl << 8 | protocol
        self.ip_sum = 0x4500 + _DONT_FRAGMENT + self.protocol + src.ip + dst.ip
        self.sum = src.ip + dst.ip + src.port + dst.port + protocol
        self.ident = rng.randrange(65536)
        self.seq = rng.randrange(_TWO_TO_32)
        self.clock = rng.randrange(1 << 31)


class Tcp:
    """One TCP flow; every call gives the next frame of one end and moves that end's sequence number."""

    __slots__ = ("_halves",)

    def __init__(self, rng: Random, client: End, server: End) -> None:
        self._halves = (
            _Half(rng, client, server, _PROTOCOL_TCP, outbound=is_inside(client.ip)),
            _Half(rng, server, client, _PROTOCOL_TCP, outbound=is_inside(server.ip)),
        )

    def send(self, from_client: bool, payload: bytes = b"", flags: int = ACK) -> bytes:
        """Return the frame in which one end sends ``payload`` and acknowledges all it has got."""
        half, other = self._halves if from_client else self._halves[::-1]
        seq, clock = half.seq, half.clock + 1
        ack = other.seq if flags & ACK else 0
        options = _SYN_OPTIONS if flags & SYN else b""
        body = options + payload
        length = 32 + len(body)
        offset = (32 + len(options)) << 10 | flags
        # The clock of the other end is known once it has spoken.
        echo = other.clock if flags & ACK else 0
        total = half.sum + length + seq + ack + offset + _WINDOW + _TIMESTAMPS + clock + echo + _number(body)
        half.ident = ident = (half.ident + 1) & 0xFFFF
        half.clock = clock
        half.seq = (seq + len(payload) + (1 if flags & (SYN | FIN) else 0)) % _TWO_TO_32
        return (
            _TCP.pack(
                half.prefix,
                length + 20,
                ident,
                _DONT_FRAGMENT << 16 | half.protocol,
                0xFFFF - (half.ip_sum + length + 20 + ident) % 0xFFFF,
                half.addresses,
                seq,
                ack,
                offset,
                _WINDOW,
                0xFFFF - total % 0xFFFF,
                0,
                _TIMESTAMPS,
                clock,
                echo,
            )
            + body
        )

    def resend(self, from_client: bool, payload: bytes) -> bytes:
        """Return the frame that carries ``payload``, the last that this end sent, once more."""
        half = self._halves[0 if from_client else 1]
        half.seq = (half.seq - len(payload)) % _TWO_TO_32
        return self.send(from_client, payload, PSH | ACK)


class Udp:
    """One UDP flow; ``send`` gives the next datagram of one end."""

    __slots__ = ("_halves",)

    def __init__(self, rng: Random, client: End, server: End) -> None:
        self._halves = (
            _Half(rng, client, server, _PROTOCOL_UDP, outbound=is_inside(client.ip)),
            _Half(rng, server, client, _PROTOCOL_UDP, outbound=is_inside(server.ip)),
        )

    def send(self, from_client: bool, payload: bytes) -> bytes:
        """Return the frame that carries ``payload``."""
        half = self._halves[0 if from_client else 1]
        length = 8 + len(payload)
        half.ident = ident = (half.ident + 1) & 0xFFFF
        checksum = 0xFFFF - (half.sum + 2 * length + _number(payload)) % 0xFFFF
        return (
            _UDP.pack(
                half.prefix,
                length + 20,
                ident,
                _DONT_FRAGMENT << 16 | half.protocol,
                0xFFFF - (half.ip_sum + length + 20 + ident) % 0xFFFF,
                half.addresses,
                length,
                checksum,
            )
            + payload
        )


def inside_address(index: int) -> int:
    """Return the address of inside host ``index``: 10.20, 10.30 and 10.40 in turn, spread over each /16."""
    network = (0x0A14, 0x0A1E, 0x0A28)[index % 3]
    return network << 16 | 256 + (index // 3) * 37 % 65_000


def outside_address(rng: Random) -> int:
    """Return a public unicast address; whole /8s that hold a special range are left out."""
    while True:
        address = rng.randrange(1 << 24, 224 << 24)
        if address >> 24 not in {10, 100, 127, 169, 172, 192, 198, 203}:
            return address


def is_inside(ip: int) -> bool:
    """Whether ``ip`` is one of ours."""
    return ip >> 24 == 10


def _mac(end: End) -> bytes:
    # A mirror at the border sees each inside host's own address and the router's for all others.
    return b"\x02\x00" + (end.ip if is_inside(end.ip) else 0xFE).to_bytes(4, "big")


def _number(payload: bytes) -> int:
    number = int.from_bytes(payload, "big")
    return number << 8 if len(payload) & 1 else number
