"""One peer is named for two torrents; the host goes there, encrypted."""

from tests.build import START, announced, obfuscated, tcp_stream, udp_exchange
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, OTHER_TORRENT, PEER, TORRENT, TRACKER

FRAMES = [
    *udp_exchange(EMPLOYEE, TRACKER, announced(TORRENT, [PEER])),
    *udp_exchange(End(EMPLOYEE.ip, 7000), TRACKER, announced(OTHER_TORRENT, [PEER]), start=START + 100 * MILLISECOND),
    *tcp_stream(EMPLOYEE, PEER, obfuscated(1), start=START + 200 * MILLISECOND),
]
