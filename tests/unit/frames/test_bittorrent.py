"""A payload is named for a person only if it is what the name says."""

from __future__ import annotations

import pytest

from auditor.frames import bittorrent
from tests import build

INFOHASH, NODE = b"h" * 20, b"n" * 20


def test_a_handshake_is_spelled_out() -> None:
    """With what follows it in the segment."""
    payload = build.handshake(INFOHASH, b"-qB4520-\x00\x1bzzzzzzzzzz") + build.message(1) + build.request(3, 16384)

    assert bittorrent.peer_wire(payload) == [
        "BitTorrent handshake, infohash " + INFOHASH.hex(),
        "peer id 2d7142343532302d001b7a7a7a7a7a7a7a7a7a7a (-qB4520-..zzzzzzzzzz)",
        "offers extensions, DHT, fast",
        "unchoke",
        "request piece 3 from byte 16384, 16384 bytes",
    ]


def test_a_handshake_cut_by_the_segment_says_what_it_has() -> None:
    """A peer may send its id later."""
    payload = build.handshake(INFOHASH, NODE)

    assert bittorrent.peer_wire(payload[:30]) == ["the beginning of a BitTorrent handshake"]
    assert bittorrent.peer_wire(payload[:48]) == [
        "BitTorrent handshake, infohash " + INFOHASH.hex(),
        "peer id not in this segment",
        "offers extensions, DHT, fast",
    ]


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        (build.piece(2, 0, bytes(16384))[:1460], ["piece 2 from byte 0, 16384 bytes, 1447 of them in this segment"]),
        (build.piece(2, 0, b"abc"), ["piece 2 from byte 0, 3 bytes"]),
        (build.message(4, b"\0\0\0\x07") + build.KEEPALIVE, ["have piece 7"]),
        (build.message(20, b"\0d1:md11:ut_metadatai2eee"), ["extended, 25 bytes"]),
        (b"GET / HTTP/1.1\r\n", None),
        (bytes(1460), None),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None),
        (build.message(6, b"short"), None),
        (b"", None),
    ],
)
def test_messages_are_named_only_if_the_segment_reads_as_them(payload: bytes, lines: list[str] | None) -> None:
    """Lengths must fit their kinds; a row of zeros is a file's, not keepalives."""
    assert bittorrent.peer_wire(payload) == lines


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        (
            build.get_peers(NODE, INFOHASH),
            ["DHT query get_peers", "node " + NODE.hex(), "infohash " + INFOHASH.hex()],
        ),
        (
            build.krpc_query(
                b"announce_peer", {b"id": NODE, b"info_hash": INFOHASH, b"port": 6881, b"token": b"secret"}
            ),
            ["DHT query announce_peer", "node " + NODE.hex(), "infohash " + INFOHASH.hex(), "listens on port 6881"],
        ),
        (
            build.krpc_reply(
                {b"id": NODE, b"values": [b"123456"] * 3, b"nodes": bytes(52)}, extra={b"v": b"LT\x01\x02"}
            ),
            ["DHT reply", "node " + NODE.hex(), "names 3 peers", "names 2 nodes (nodes)", "client 4c540102 (LT..)"],
        ),
        (build.krpc_error(203, b"no \x1b[31m"), ["DHT error 203: no \\x1b[31m"]),
    ],
)
def test_datagrams_of_the_dht_are_spelled_out(payload: bytes, lines: list[str]) -> None:
    """Who spoke of which torrent; tokens are nobody's business."""
    assert bittorrent.krpc(payload) == lines


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"d",
        b"de",
        b"d1:y1:xe",
        b"d1:y1:q",
        build.ping(NODE) + b"e",
        b"d" * 500 + b"e" * 500,
        b"d1:y99999:qe",
        b"di1e1:qe",
        b"l1:ye",
    ],
)
def test_no_other_datagram_is_taken_for_one(payload: bytes) -> None:
    """Cut, nested without end, or not KRPC."""
    assert bittorrent.krpc(payload) is None
