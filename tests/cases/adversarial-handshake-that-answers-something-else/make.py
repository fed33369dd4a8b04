"""An outsider answers a host that speaks another protocol with a handshake, and has it send on what it quotes.

The own direction of the host began with something else, over TCP, uTP and through a proxy: a handshake in its midst is
none, whatever the other end says. The auditor says `contacted`.
"""

from itertools import chain

from tests.build import piece, tcp_stream, udp_exchange
from tests.build.around import SOCKS5_REPLIES, socks5
from tests.build.frames import End
from tests.build.utp import utp_stream
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

TALK = [("orig", b"LOGIN somebody\r\n"), ("resp", ANSWER), ("orig", HELLO), ("resp", piece(0, 0, bytes(900)))]
ASKED, TOLD = (
    [(side, data) for data in said] for side, said in (("orig", socks5(PEER, "a", "b")), ("resp", SOCKS5_REPLIES))
)
FRAMES = [
    *tcp_stream(EMPLOYEE, PEER, TALK),
    *udp_exchange(EMPLOYEE, PEER, utp_stream(700, TALK)),
    *tcp_stream(EMPLOYEE, End("192.0.2.80", 1080), [*chain.from_iterable(zip(ASKED, TOLD, strict=True)), *TALK]),
]
