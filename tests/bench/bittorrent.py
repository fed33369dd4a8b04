"""What BitTorrent clients say to each other over TCP: the peer wire (BEP 3, BEP 10)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.bench.frames import MSS

if TYPE_CHECKING:
    from random import Random

    from tests.bench.applications import Noise, Talk

_BLOCK = 16_384
_BLOCKS_A_PIECE = 64
_PIPELINE = 8  # requests on their way at once
_CLIENTS = (b"-qB5120-", b"-TR4060-", b"-LT2110-", b"-DE2110-", b"-UT3550-")


def peer_wire(rng: Random, noise: Noise, infohash: bytes, *, seeding: bool) -> Talk:
    """One plain peer connection: handshakes, extended handshakes, bitfield, then requests and the blocks they ask for.

    The client (who connected) takes blocks, or gives them where ``seeding``.
    """
    reserved = bytes.fromhex("0000000000100005")
    for from_client in (True, False):
        peer_id = rng.choice(_CLIENTS) + noise.take(12)
        yield from_client, b"\x13BitTorrent protocol" + reserved + infohash + peer_id
    pieces = rng.randrange(400, 2000)
    for from_client in (True, False):
        has_all = from_client is seeding
        hello = b"d1:md11:ut_metadatai2e6:ut_pexi1ee1:pi%de4:reqqi500e1:v11:bench 1.0.0e" % rng.randrange(1024, 65_536)
        field = (b"\xff" if has_all else b"\x00") * (pieces // 8)
        yield from_client, _message(20, b"\x00" + hello) + _message(5, field) + _message(2 if not has_all else 1)
    taker, index = not seeding, rng.randrange(pieces)
    while True:
        for first in range(0, _BLOCKS_A_PIECE, _PIPELINE):
            begins = range(first * _BLOCK, (first + _PIPELINE) * _BLOCK, _BLOCK)
            yield taker, b"".join(_message(6, struct.pack("!III", index, begin, _BLOCK)) for begin in begins)
            for begin in begins:
                block = _message(7, struct.pack("!II", index, begin) + noise.take(_BLOCK))
                yield from ((not taker, block[at : at + MSS]) for at in range(0, len(block), MSS))
        yield taker, _message(4, struct.pack("!I", index))
        index = (index + 1) % pieces


def _message(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack("!IB", len(payload) + 1, kind) + payload
