"""A connection whose sequence numbers pass zero in the handshake and in the middle of a block."""

from tests.build import message, piece, tcp_stream
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

TURNS = [("orig", HELLO), ("resp", ANSWER), ("resp", piece(0, 0, bytes(16384)) + message(1))]

FRAMES = tcp_stream(EMPLOYEE, PEER, TURNS, seq=(2**32 - 30, 2**32 - 5000))
