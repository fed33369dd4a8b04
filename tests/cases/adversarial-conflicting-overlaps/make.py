"""Somebody forges segments and packets over those of our hosts, with a handshake where they had said something else.

The employee asks for a page; the forged copy of that segment, sent while the first byte was still missing, is a
handshake. The guest's handshake over uTP is forged to name another torrent under the same number. In both the first
copy counts, as it does for most receivers, and the capture is said to have contradictions: who finds one in the proof
of an incident knows that somebody may have forged it, and cannot tell who.
"""

from tests.build import START, handshake, udp_exchange
from tests.build.frames import ACK, MILLISECOND, SYN, TCP, Frame, ethernet, ip_packet, tcp_segment
from tests.build.utp import DATA, packet, utp_stream
from tests.cases.cast import ANSWER, EMPLOYEE, GUEST, HELLO, OTHER_TORRENT, PEER, PEER_ID, WEB

ASKED = b"GET /" + bytes(55).replace(b"\0", b"a") + b" HTTP/1.1"[:8]
FORGED = handshake(OTHER_TORRENT, PEER_ID)
SEGMENTS = [(0, SYN, b""), (2, ACK, ASKED[1:]), (2, ACK, FORGED[1:]), (1, ACK, ASKED[:1])]

TALK = list(utp_stream(700, [("orig", HELLO), ("resp", ANSWER)]))
TALK.insert(3, ("orig", packet(DATA, 701, 2, 499, FORGED + b"and longer")))

FRAMES = [
    Frame(
        START + at * MILLISECOND,
        ethernet(EMPLOYEE, WEB, ip_packet(EMPLOYEE, WEB, TCP, tcp_segment(EMPLOYEE, WEB, seq, 0, flags, data), at)),
    )
    for at, (seq, flags, data) in enumerate(SEGMENTS)
] + udp_exchange(GUEST, PEER, TALK)
