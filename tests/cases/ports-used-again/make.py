"""A client that uses one port for two connections to the same peer, one after the other, for two torrents."""

from tests.build import START, handshake, tcp_stream
from tests.build.frames import MILLISECOND
from tests.cases.cast import EMPLOYEE, HELLO, OTHER_TORRENT, PEER

OTHER = handshake(OTHER_TORRENT, b"-qB4520-aaaaaaaaaaaa")

FRAMES = tcp_stream(EMPLOYEE, PEER, [("orig", HELLO)])
FRAMES += tcp_stream(EMPLOYEE, PEER, [("orig", OTHER)], start=START + 1000 * MILLISECOND, seq=(7_000_000, 8_000_000))
