"""A neighbour announces itself to the local network; a host that heard it goes there, encrypted.

The other host goes to an outsider in whose name such an announce was forged.
"""

from tests.build import START, obfuscated, tcp_stream, udp
from tests.build.around import LSD_GROUP, lsd
from tests.build.frames import MILLISECOND, End, Frame
from tests.cases.cast import EMPLOYEE, GUEST, PEER, TORRENT

NEIGHBOUR = End("10.20.0.77", 51413)


def announce(by: End) -> Frame:
    """Return the frame in which the end says what it shares."""
    return udp(End(by.ip, LSD_GROUP.port), LSD_GROUP, lsd(by.port, [TORRENT]), time=START)


FRAMES = [
    announce(NEIGHBOUR),
    announce(PEER),
    *tcp_stream(EMPLOYEE, NEIGHBOUR, obfuscated(1), start=START + 200 * MILLISECOND),
    *tcp_stream(GUEST, PEER, obfuscated(2), start=START + 400 * MILLISECOND),
]
