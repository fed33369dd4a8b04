"""BitTorrent payloads: peer-wire handshake and messages (BEP 3, 6, 10), KRPC datagrams (BEP 5)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Bencodable = bytes | int | list["Bencodable"] | Mapping[bytes, "Bencodable"]

PLAIN = bytes.fromhex("0000000000100005")
"""Reserved bytes of a client with the extension protocol, the DHT and BEP 6, as libtorrent sends them."""
KEEPALIVE = bytes(4)
CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE, CANCEL, PORT = range(10)
HAVE_ALL, HAVE_NONE, EXTENDED = 14, 15, 20
BLOCK = 16384
"""Bytes of a block, of pieces and of info dicts."""


def handshake(infohash: bytes, peer_id: bytes, reserved: bytes = PLAIN) -> bytes:
    """Make the 68 bytes that open a peer connection; ``infohash`` is cut to the 20 bytes that the wire carries."""
    return struct.pack("!B19s8s20s20s", 19, b"BitTorrent protocol", reserved, infohash, peer_id)


def message(kind: int, payload: bytes = b"") -> bytes:
    """Make one length-prefixed message."""
    return struct.pack("!IB", 1 + len(payload), kind) + payload


def request(index: int, begin: int, length: int = 16384) -> bytes:
    """Ask for one block."""
    return message(REQUEST, struct.pack("!III", index, begin, length))


def piece(index: int, begin: int, data: bytes) -> bytes:
    """Give one block."""
    return message(PIECE, struct.pack("!II", index, begin) + data)


def extended(number: int, payload: bytes) -> bytes:
    """Make one extended message; ``number`` is the id that its receiver announced, 0 for a handshake (BEP 10)."""
    return message(EXTENDED, bytes([number]) + payload)


def introduction(ids: Mapping[bytes, int], values: Mapping[bytes, Bencodable] | None = None) -> bytes:
    """Make an extended handshake: which ids the sender wants extensions to have, and what it says of itself."""
    return extended(0, bencode({b"m": dict(ids), **(values or {})}))


def metadata_request(number: int, block: int) -> bytes:
    """Ask for a block of the info dict (BEP 9)."""
    return extended(number, bencode({b"msg_type": 0, b"piece": block}))


def metadata_block(number: int, block: int, info: bytes) -> bytes:
    """Give a block of the info dict (BEP 9)."""
    head = bencode({b"msg_type": 1, b"piece": block, b"total_size": len(info)})
    return extended(number, head + info[block * BLOCK : (block + 1) * BLOCK])


def bencode(value: Bencodable, *, sort: bool = True) -> bytes:
    """Encode as BEP 3 says; with ``sort=False`` keys stay in their own order, as some clients send them."""
    match value:
        case bytes():
            return b"%d:%b" % (len(value), value)
        case int():
            return b"i%de" % value
        case list():
            return b"l%be" % b"".join(bencode(item, sort=sort) for item in value)
        case _:
            items = sorted(value.items()) if sort else value.items()
            return b"d%be" % b"".join(bencode(key) + bencode(item, sort=sort) for key, item in items)


def krpc_query(
    method: bytes, args: Mapping[bytes, Bencodable], tid: bytes = b"aa", extra: Mapping[bytes, Bencodable] | None = None
) -> bytes:
    """Make a query; ``extra`` goes to the top level (``v``, ``ro``)."""
    return bencode({b"t": tid, b"y": b"q", b"q": method, b"a": args, **(extra or {})})


def krpc_reply(
    values: Mapping[bytes, Bencodable], tid: bytes = b"aa", extra: Mapping[bytes, Bencodable] | None = None
) -> bytes:
    """Make the reply to the query with that transaction id."""
    return bencode({b"t": tid, b"y": b"r", b"r": values, **(extra or {})})


def krpc_error(code: int = 201, text: bytes = b"A Generic Error Ocurred", tid: bytes = b"aa") -> bytes:
    """Make an error for the query with that transaction id."""
    return bencode({b"t": tid, b"y": b"e", b"e": [code, text]})


def ping(node: bytes, tid: bytes = b"aa") -> bytes:
    """Ask whether a node is there."""
    return krpc_query(b"ping", {b"id": node}, tid)


def find_node(node: bytes, target: bytes, tid: bytes = b"aa") -> bytes:
    """Ask for the nodes nearest to ``target``."""
    return krpc_query(b"find_node", {b"id": node, b"target": target}, tid)


def get_peers(node: bytes, infohash: bytes, tid: bytes = b"aa") -> bytes:
    """Ask for the peers of a torrent."""
    return krpc_query(b"get_peers", {b"id": node, b"info_hash": infohash}, tid)


def peers_reply(node: bytes, peers: Sequence[tuple[bytes, int]], tid: bytes = b"aa") -> bytes:
    """Name the peers of the torrent that was asked for, each by packed address and port."""
    values: list[Bencodable] = [ip + struct.pack("!H", port) for ip, port in peers]
    return krpc_reply({b"id": node, b"token": b"tok", b"values": values}, tid)


def announce_peer(node: bytes, infohash: bytes, port: int, token: bytes, tid: bytes = b"aa") -> bytes:
    """Tell a node that the sender is a peer of a torrent."""
    args: dict[bytes, Bencodable] = {b"id": node, b"implied_port": 1, b"info_hash": infohash, b"port": port}
    return krpc_query(b"announce_peer", args | {b"token": token}, tid)
