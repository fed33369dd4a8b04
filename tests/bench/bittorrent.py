"""What BitTorrent clients say over TCP, plain (BEP 3, BEP 10) or obfuscated (MSE), and to UDP trackers (BEP 15)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.bench.frames import MSS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.bench.applications import Noise, Talk
    from tests.bench.frames import End

_BLOCK = 16_384
_BLOCKS_A_PIECE = 64
_PIPELINE = 8  # requests on their way at once
_CLIENTS = (b"-qB5120-", b"-TR4060-", b"-LT2110-", b"-DE2110-", b"-UT3550-")

_KEY = 96  # bytes of a Diffie-Hellman key of 768 bits
_PAD = 512  # a padding is shorter
_THIRD, _FOURTH = 56, 14  # bytes of these flights beside their padding
_HANDSHAKE = 68
# What clients do, and their share in percent: flights 3 and 4 have less padding than this; flight 3 has the handshake.
_OBFUSCATED = {
    (_PAD, False): 60,  # libtorrent, qBittorrent, Deluge, aria2: flight 5 is the handshake, of 68 bytes
    (1, True): 25,  # Transmission, rTorrent: flight 3 has 124 bytes
    (_PAD, True): 15,  # BiglyBT: no length tells
}


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


def obfuscated(rng: Random, noise: Noise, *, seeding: bool) -> Talk:
    """The same behind Message Stream Encryption: keys with padding, two more flights, then the peer wire in RC4.

    All of it is noise, since keys and RC4 look like nothing else, in the lengths of what it stands for.
    """
    ((pad, early),) = rng.choices(list(_OBFUSCATED), list(_OBFUSCATED.values()))
    yield True, noise.take(_KEY + rng.randrange(_PAD))
    yield False, noise.take(_KEY + rng.randrange(_PAD))
    plain = peer_wire(rng, noise, bytes(20), seeding=seeding)
    if early:
        next(plain)
    yield True, noise.take(_THIRD + rng.randrange(pad) + _HANDSHAKE * early)
    yield False, noise.take(_FOURTH + rng.randrange(pad))
    for from_client, payload in plain:
        yield from_client, noise.take(len(payload))


def tracker(rng: Random, infohash: bytes, port: int, peers: Sequence[End]) -> Talk:
    """Announce one torrent to a UDP tracker, which names ``peers``, again and again."""
    peer_id = rng.choice(_CLIENTS) + rng.randbytes(12)
    while True:
        tid, opened = rng.randbytes(4), rng.randbytes(8)
        yield True, struct.pack("!QI", 0x41727101980, 0) + tid
        yield False, struct.pack("!I", 0) + tid + opened
        tid = rng.randbytes(4)
        # Downloaded, left and uploaded; then "started", no address of its own, a key, as many peers as there are.
        claims = struct.pack("!QQQIIIiH", 0, 1 << 30, 0, 2, 0, rng.randrange(1 << 32), -1, port)
        yield True, opened + struct.pack("!I", 1) + tid + infohash + peer_id + claims
        counts = struct.pack("!III", 1800, len(peers) // 2, len(peers) // 2)
        yield False, struct.pack("!I", 1) + tid + counts + b"".join(struct.pack("!IH", *peer) for peer in peers)


def _message(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack("!IB", len(payload) + 1, kind) + payload
