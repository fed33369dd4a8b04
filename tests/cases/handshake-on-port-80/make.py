"""Peers that listen where web servers do."""

from tests.build import message, tcp_stream
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, WEB

FRAMES = tcp_stream(EMPLOYEE, WEB, [("orig", HELLO), ("resp", ANSWER), ("orig", message(2))])
