"""A client reaches a peer through a SOCKS proxy that it logs in to."""

from tests.build import piece, tcp_stream
from tests.build.around import SOCKS5_REPLIES, socks5
from tests.build.frames import End
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

PROXY = End("192.0.2.80", 1080)
PLANTED = ("planted-user", "planted-password")
SAID = socks5(PEER, *PLANTED)

FRAMES = tcp_stream(
    EMPLOYEE,
    PROXY,
    [
        *(turn for asked, told in zip(SAID, SOCKS5_REPLIES, strict=True) for turn in (("orig", asked), ("resp", told))),
        ("orig", HELLO),
        ("resp", ANSWER),
        ("resp", piece(0, 0, bytes(1000))),
    ],
)
