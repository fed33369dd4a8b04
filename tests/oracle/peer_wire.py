"""The peer wire protocol as BEP 3 writes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

PSTR = b"BitTorrent protocol"
PIECE = 7
LENGTH = 4
"""Bytes of a message's length."""
LARGEST = 1 << 20
"""No client sends longer messages; a longer length means that this is not, or no longer, the protocol."""

ANY = range(LARGEST)
SIZES: dict[int, Container[int]] = {
    **dict.fromkeys((0, 1, 2, 3, 14, 15), (0,)), **dict.fromkeys((4, 13, 17), (4,)), **dict.fromkeys((6, 8, 16), (12,)),
    5: ANY, 7: ANY[8:], 9: (2,), 20: ANY[1:], 21: (48,), 22: ANY[48::32], 23: (48,),
}  # fmt: skip
"""Bytes behind the id of each message (BEP 3, 5, 6, 10, 52)."""


class Spoken(NamedTuple):
    """What one direction said."""

    infohash: bytes
    peer_id: bytes
    pieces: int
    piece_bytes: int
    begun: int
    sound: bool
    is_hybrid: bool
    """It offers the v2 side of its torrent (BEP 52)."""


def read(data: bytes) -> Spoken | None:
    """Read a direction from its first byte; ``None`` if it does not begin with a whole handshake."""
    if len(data) < 68 or data[0] != len(PSTR) or data[1:20] != PSTR:
        return None
    is_hybrid = bool(data[27] & 0x10)
    pieces = piece_bytes = begun = 0
    at = 68
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length > LARGEST:
            return Spoken(data[28:48], data[48:68], pieces, piece_bytes, begun, False, is_hybrid)
        body = data[at + 4 : at + 4 + length]
        if body[:1] == bytes([PIECE]):
            given = max(0, len(body) - 9)
            if len(body) < length:
                begun = given
            else:
                pieces, piece_bytes = pieces + 1, piece_bytes + given
        at += 4 + length
    return Spoken(data[28:48], data[48:68], pieces, piece_bytes, begun, True, is_hybrid)


def may_speak(data: bytes) -> bool:
    """Say whether a direction, of which the handshake may have been missed, goes on with a message."""
    length, kind = int.from_bytes(data[:4], "big"), data[4:5]
    if length == 0 or len(data) < LENGTH:
        return True
    return length <= LARGEST and (not kind or length - 1 in SIZES.get(kind[0], ()))
