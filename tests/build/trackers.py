"""Datagrams of UDP trackers (BEP 15)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.build.frames import End, Side

MAGIC = 0x0000041727101980
CONNECTION = 0x0102030405060708


def announced(infohash: bytes, peers: Sequence[End], port: int = 6881) -> list[tuple[Side, bytes]]:
    """Make a client's announce with all that comes before it, and the answer that names these peers."""
    connect = struct.pack("!QII", MAGIC, 0, 1)
    announce = struct.pack("!QII", CONNECTION, 1, 2) + infohash + b"-qB4520-aaaaaaaaaaaa"
    announce += struct.pack("!QQQIIIiH", 0, 1000, 0, 2, 0, 7, -1, port)
    answer = struct.pack("!IIIII", 1, 2, 1800, 0, len(peers))
    answer += b"".join(peer.packed + struct.pack("!H", peer.port) for peer in peers)
    connected = struct.pack("!IIQ", 0, 1, CONNECTION)
    return [("orig", connect), ("resp", connected), ("orig", announce), ("resp", answer)]
