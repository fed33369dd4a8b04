"""Two tenants of one overlay have the same addresses."""

from functools import partial

from tests.build import handshake, tcp_stream
from tests.build.wrap import vxlan, wrap
from tests.cases.cast import EMPLOYEE, HELLO, OTHER_TORRENT, PEER

OTHER = handshake(OTHER_TORRENT, b"-qB4520-aaaaaaaaaaaa")

FRAMES = sorted(
    wrap(tcp_stream(EMPLOYEE, PEER, [("orig", HELLO)]), partial(vxlan, vni=4040))
    + wrap(tcp_stream(EMPLOYEE, PEER, [("orig", OTHER)], seq=(7, 8)), partial(vxlan, vni=4041))
)
