"""uTP packets in words."""

from __future__ import annotations

import pytest

from auditor.frames import utp
from tests.build.bittorrent import handshake
from tests.build.utp import DATA, STATE, SYN, packet

TORRENT, PEER_ID = bytes([0xAA] * 20), b"-qB4520-abcdefghijkl"


def test_a_header_is_a_line() -> None:
    """Kind, connection and numbers, as Wireshark shows them."""
    assert utp.datagram(packet(SYN, 700, 1, 0)) == ["uTP SYN, connection 700, seq 1, ack 0, window 1048576, 0 bytes"]


def test_what_a_packet_carries_is_read_as_the_peer_wire() -> None:
    """A handshake within uTP is one."""
    lines = utp.datagram(packet(DATA, 701, 2, 9, handshake(TORRENT, PEER_ID)))

    assert lines is not None
    assert lines[:2] == [
        "uTP data, connection 701, seq 2, ack 9, window 1048576, 68 bytes",
        f"BitTorrent handshake, infohash {TORRENT.hex()}",
    ]


def test_extensions_are_stepped_over() -> None:
    """Selective acknowledgements stand between header and payload."""
    header = bytearray(packet(STATE, 1, 2, 3))
    header[1] = 1

    assert utp.datagram(bytes(header) + b"\0\x04abcd") == [
        "uTP state, connection 1, seq 2, ack 3, window 1048576, 0 bytes"
    ]


@pytest.mark.parametrize("payload", [b"", bytes(20), b"\x51" + bytes(19), b"\x41\x01" + bytes(18) + b"\0\xff"])
def test_other_datagrams_are_none(payload: bytes) -> None:
    """Another version, an unknown type, an extension that is cut short."""
    assert utp.datagram(payload) is None
