"""A forged answer names a bank's web server; the host speaks with it as everybody does."""

from tests.build import START, announced, obfuscated, tcp_stream, udp_exchange
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, TORRENT, TRACKER

BANK = End("203.0.113.200", 443)
hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + obfuscated(1)[0][1]

FRAMES = [
    *udp_exchange(EMPLOYEE, TRACKER, announced(TORRENT, [BANK])),
    *tcp_stream(EMPLOYEE, BANK, [("orig", hello), *obfuscated(2)[1:]], start=START + 200 * MILLISECOND),
    *tcp_stream(End(EMPLOYEE.ip, 50_009), BANK, obfuscated(3), start=START + 400 * MILLISECOND),
]
