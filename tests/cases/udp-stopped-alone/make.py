"""The capture begins when the client leaves."""

from tests.build import udp_exchange
from tests.build.tracker import announce_reply, announce_request, connect_reply, connect_request
from tests.cases.cast import GUEST, PEER_ID, TORRENT, UDP_TRACKER

FRAMES = udp_exchange(
    GUEST,
    UDP_TRACKER,
    [
        ("orig", connect_request()),
        ("resp", connect_reply(7)),
        ("orig", announce_request(7, TORRENT, PEER_ID, uploaded=9, event=3)),
        ("resp", announce_reply([])),
    ],
)
