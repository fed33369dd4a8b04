"""The frames of a canary for a named interface: a whole TCP connection with a handshake each way, and two datagrams.

Locally administered MAC addresses, which no card has (IEEE 802, the second bit), and documentation addresses (RFC
5737), which no router knows: whoever gets one by a wrong cable has no use for it.
"""

from __future__ import annotations

import secrets
import socket
import struct
from typing import TYPE_CHECKING

from auditor.sensor.canary import mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Address

    from auditor.sensor.canary.mark import Canary

MACS = {mark.ASKING: bytes.fromhex("02ca000000fa"), mark.ANSWERING: bytes.fromhex("02ca000000fb")}
_SYN, _ACK, _PUSH, _FIN = 0x02, 0x10, 0x08, 0x01
_TCP, _UDP = 6, 17
_IPV4 = b"\x08\x00"


def frames(canary: Canary) -> Iterator[bytes]:
    """Yield the frames in the order in which a wire would have them."""
    yield from _connection(mark.handshake(canary, b"asking"), mark.handshake(canary, b"answering"))
    port = _port()
    yield _datagram(mark.ASKING, port, mark.ANSWERING, mark.DHT_PORT, mark.query(canary))
    yield _datagram(mark.ANSWERING, mark.DHT_PORT, mark.ASKING, port, mark.reply(canary))


def send(interface: str, sent: Sequence[bytes]) -> None:
    """Send frames out of one interface, and no other.

    Raises:
        OSError: if it is not there or down, or for want of CAP_NET_RAW.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        for frame in sent:
            out.send(frame)


def _port() -> int:
    return 49152 + secrets.randbelow(16384)


def _connection(asked: bytes, answered: bytes) -> Iterator[bytes]:
    """One connection from SYN to FIN in which each side says something once (RFC 9293)."""
    port = _port()
    ends = {mark.ASKING: port, mark.ANSWERING: mark.PEER_PORT}
    # The next octet of each side; what it has sent is what the other acknowledges.
    following = {end: secrets.randbits(32) for end in ends}
    other = {mark.ASKING: mark.ANSWERING, mark.ANSWERING: mark.ASKING}
    said = (
        (mark.ASKING, _SYN, b""),
        (mark.ANSWERING, _SYN | _ACK, b""),
        (mark.ASKING, _ACK, b""),
        (mark.ASKING, _ACK | _PUSH, asked),
        (mark.ANSWERING, _ACK | _PUSH, answered),
        (mark.ASKING, _ACK | _FIN, b""),
        (mark.ANSWERING, _ACK | _FIN, b""),
        (mark.ASKING, _ACK, b""),
    )
    for sender, flags, payload in said:
        receiver = other[sender]
        acknowledged = following[receiver] if flags & _ACK else 0
        head = (ends[sender], ends[receiver], following[sender], acknowledged, 5 << 4, flags, 65535)
        yield _packet(sender, receiver, _TCP, 16, struct.pack(">HHIIBBHHH", *head, 0, 0) + payload)
        advance = len(payload) + bool(flags & (_SYN | _FIN))
        following[sender] = (following[sender] + advance) % 2**32


def _datagram(source: IPv4Address, port: int, target: IPv4Address, target_port: int, payload: bytes) -> bytes:
    segment = struct.pack(">HHHH", port, target_port, 8 + len(payload), 0) + payload
    return _packet(source, target, _UDP, 6, segment)


def _packet(source: IPv4Address, target: IPv4Address, protocol: int, at: int, segment: bytes) -> bytes:
    """Return an Ethernet frame with an IPv4 packet; the segment's checksum goes ``at`` there."""
    pseudo = source.packed + target.packed + struct.pack(">HH", protocol, len(segment))
    segment = _with_checksum(segment, at, pseudo)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), secrets.randbits(16), 0x4000, 64, protocol, 0)
    packet = _with_checksum(head + source.packed + target.packed, 10) + segment
    return (MACS[target] + MACS[source] + _IPV4 + packet).ljust(60, b"\0")


def _with_checksum(data: bytes, at: int, before: bytes = b"") -> bytes:
    """Put in the Internet checksum (RFC 1071) of data and of what goes ``before`` it, where data has zeros."""
    padded = before + data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return data[:at] + struct.pack(">H", (~total & 0xFFFF) or 0xFFFF) + data[at + 2 :]
