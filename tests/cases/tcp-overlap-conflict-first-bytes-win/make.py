"""Somebody sends two handshakes for the same sequence numbers, while the byte before both is still missing."""

from tests.build import START, handshake
from tests.build.frames import ACK, MILLISECOND, SYN, TCP, Frame, ethernet, ip_packet, tcp_segment
from tests.cases.cast import EMPLOYEE, HELLO, OTHER_TORRENT, PEER

OTHER = handshake(OTHER_TORRENT, b"-qB4520-aaaaaaaaaaaa")
SEGMENTS = [(0, SYN, b""), (2, ACK, HELLO[1:]), (2, ACK, OTHER[1:]), (1, ACK, HELLO[:1])]

FRAMES = [
    Frame(
        START + at * MILLISECOND,
        ethernet(EMPLOYEE, PEER, ip_packet(EMPLOYEE, PEER, TCP, tcp_segment(EMPLOYEE, PEER, seq, 0, flags, data), at)),
    )
    for at, (seq, flags, data) in enumerate(SEGMENTS)
]
