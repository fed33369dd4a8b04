"""A capture that kept the first 140 bytes of each frame: handshakes are whole, blocks are not."""

from tests.build import message, piece, tcp_stream
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

SNAP_LENGTH = 140
TURNS = [("orig", HELLO), ("resp", ANSWER)]
TURNS += [("resp", piece(0, at, bytes(4000))) for at in (0, 4000)]

FRAMES = tcp_stream(EMPLOYEE, PEER, [*TURNS, ("resp", message(1))])
