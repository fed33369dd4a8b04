"""A handshake in fragments of an IPv6 packet, the last of which comes first."""

from tests.build import tcp_stream
from tests.build.wrap import fragments
from tests.cases.cast import EMPLOYEE6, HELLO, PEER6

FRAMES = []
for frame in tcp_stream(EMPLOYEE6, PEER6, [("orig", HELLO)]):
    parts = fragments(frame, 48) if b"BitTorrent" in frame.data else [frame]
    FRAMES += [part._replace(time=frame.time + at) for at, part in enumerate(reversed(parts))]
