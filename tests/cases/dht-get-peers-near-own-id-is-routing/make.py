"""A client that fills its routing table by get_peers for ids near its own, as some do, at many nodes."""

from tests.build import START, get_peers, udp
from tests.build.frames import MILLISECOND, End

OWN = b"\xaa" * 20
NEAR = b"\xaa" * 19 + b"\xab"
HOST = End("10.20.0.5", 6881)

FRAMES = [
    udp(HOST, End(f"198.51.100.{number}", 6881), get_peers(OWN, NEAR), time=START + number * MILLISECOND)
    for number in range(1, 9)
]
