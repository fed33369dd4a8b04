"""Two hosts ask for one torrent: one at two nodes, one at three."""

from tests.build import START, get_peers, udp
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import TORRENT

OWN = b"abcdefghij0123456789"

FRAMES = [
    udp(
        End(f"10.20.0.{asked}", 6881),
        End(f"198.51.100.{node}", 6881),
        get_peers(OWN, TORRENT),
        time=START + at * MILLISECOND,
    )
    for at, (asked, node) in enumerate([(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)])
]
