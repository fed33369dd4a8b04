"""A tracker that gives a connection and then says nothing, and one that gives none: nobody can announce to it."""

from tests.build import udp_exchange
from tests.build.tracker import announce_request, connect_reply, connect_request
from tests.cases.cast import EMPLOYEE, GUEST, OTHER_TORRENT, PEER_ID, TORRENT, UDP_TRACKER

FRAMES = [
    *udp_exchange(
        GUEST,
        UDP_TRACKER,
        [
            ("orig", connect_request()),
            ("resp", connect_reply(7)),
            ("orig", announce_request(7, TORRENT, PEER_ID, left=5000)),
        ],
    ),
    *udp_exchange(
        EMPLOYEE,
        UDP_TRACKER,
        [("orig", connect_request()), ("orig", announce_request(8, OTHER_TORRENT, PEER_ID, left=5000))],
    ),
]
