"""A carrier's tag around a customer's."""

from tests.build import tcp_stream
from tests.cases.cast import EMPLOYEE, HELLO, PEER

FRAMES = tcp_stream(EMPLOYEE, PEER, [("orig", HELLO)], vlan=(100, 20))
