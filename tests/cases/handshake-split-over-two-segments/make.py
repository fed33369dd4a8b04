"""A handshake whose sender flushed in the middle of it."""

from tests.build import tcp_stream
from tests.cases.cast import EMPLOYEE, HELLO, PEER

FRAMES = tcp_stream(EMPLOYEE, PEER, [("orig", HELLO)], mss=40)
