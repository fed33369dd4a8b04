"""The peer wire protocol as BEP 3 writes it down."""

from __future__ import annotations

from typing import NamedTuple

PSTR = b"BitTorrent protocol"
PIECE = 7
LARGEST = 1 << 20
"""No client sends longer messages; a longer length means that this is not, or no longer, the protocol."""


class Spoken(NamedTuple):
    """What one direction said."""

    infohash: bytes
    peer_id: bytes
    pieces: int
    piece_bytes: int
    begun: int
    sound: bool


def read(data: bytes) -> Spoken | None:
    """Read a direction from its first byte; ``None`` if it does not begin with a whole handshake."""
    if len(data) < 68 or data[0] != len(PSTR) or data[1:20] != PSTR:
        return None
    pieces = piece_bytes = begun = 0
    at = 68
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length > LARGEST:
            return Spoken(data[28:48], data[48:68], pieces, piece_bytes, begun, sound=False)
        body = data[at + 4 : at + 4 + length]
        if body[:1] == bytes([PIECE]):
            given = max(0, len(body) - 9)
            if len(body) < length:
                begun = given
            else:
                pieces, piece_bytes = pieces + 1, piece_bytes + given
        at += 4 + length
    return Spoken(data[28:48], data[48:68], pieces, piece_bytes, begun, sound=True)
