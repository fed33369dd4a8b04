"""A peer tells another of two peers that it is connected to, and one that it no longer is."""

from tests.build import bencode, handshake, tcp_stream
from tests.build.bittorrent import extended, introduction
from tests.cases.cast import GUEST, PEER, TORRENT

ADDED = bytes([198, 51, 100, 9, 0x1A, 0xE1, 198, 51, 100, 10, 0x1A, 0xE1])
FRAMES = tcp_stream(
    GUEST,
    PEER,
    [
        ("orig", handshake(TORRENT, b"-qB4520-aaaaaaaaaaaa") + introduction({b"ut_pex": 5})),
        ("resp", handshake(TORRENT, b"-TR4060-bbbbbbbbbbbb") + introduction({b"ut_pex": 1})),
        ("resp", extended(5, bencode({b"added": ADDED, b"added.f": b"\x00\x02", b"dropped": ADDED[:6]}))),
    ],
)
