"""A client reaches a peer through an HTTP proxy that it logs in to."""

from tests.build import piece, tcp_stream
from tests.build.around import CONNECTED, connect
from tests.build.frames import End
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

PROXY = End("192.0.2.80", 3128)
PLANTED = ("cGxhbnRlZDpzZWNyZXQ=",)

FRAMES = tcp_stream(
    EMPLOYEE,
    PROXY,
    [
        ("orig", connect(PEER, PLANTED[0])),
        ("resp", CONNECTED),
        ("orig", HELLO),
        ("resp", ANSWER),
        ("orig", piece(0, 0, bytes(2000))),
    ],
)
