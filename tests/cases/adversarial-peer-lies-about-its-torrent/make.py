"""Two hosts ask for one torrent, over TCP and uTP; the peer answers with another's handshake and sends pieces of that.

The auditor says of each host that it attempted the torrent which it asked for, and got nothing of it: it never named
the other one, and what the peer pushes belongs to the peer's own word. Both handshakes stay on record, each with its
sender.
"""

from tests.build import End, handshake, piece, tcp_stream, udp_exchange
from tests.build.utp import utp_stream
from tests.cases.cast import EMPLOYEE, HELLO, OTHER_TORRENT, PEER

LIE = handshake(OTHER_TORRENT, b"-TR4060-bbbbbbbbbbbb")
TURNS = [("orig", HELLO), ("resp", LIE), ("resp", piece(0, 0, bytes(16384)))]
FRAMES = [
    *tcp_stream(EMPLOYEE, PEER, TURNS),
    *udp_exchange(End("10.20.0.6", 50_000), PEER, utp_stream(700, TURNS)),
]
