"""A hybrid torrent, asked for by its v1 name with the offer to upgrade, and answered by its v2 name (BEP 52)."""

from tests.build import handshake, piece, tcp_stream
from tests.cases.cast import EMPLOYEE, OTHER_TORRENT, PEER, TORRENT

OFFER = bytes.fromhex("0000000000100015")
HELLO = handshake(TORRENT, b"-LT2110-aaaaaaaaaaaa", OFFER)
ANSWER = handshake(OTHER_TORRENT, b"-LT2110-bbbbbbbbbbbb")

FRAMES = tcp_stream(EMPLOYEE, PEER, [("orig", HELLO), ("resp", ANSWER), ("resp", piece(0, 0, bytes(900)))])
