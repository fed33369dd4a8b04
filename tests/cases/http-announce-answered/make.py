"""A client that starts, is told its peers and its own address, and finishes; the passkey is in the path."""

from tests.build import tcp_stream
from tests.build.tracker import http_announce, http_announce_reply
from tests.cases.cast import EMPLOYEE, PEER_ID, TORRENT, WEB

PATH = "/0123456789abcdef0123456789abcdef/announce"
FRAMES = tcp_stream(
    EMPLOYEE,
    WEB,
    [
        ("orig", http_announce(TORRENT, PEER_ID, event="started", left=5000, path=PATH)),
        ("resp", http_announce_reply([("198.51.100.20", 6881)], external_ip="203.0.113.40")),
        ("orig", http_announce(TORRENT, PEER_ID, event="completed", left=0, uploaded=77, path=PATH)),
        ("resp", http_announce_reply([])),
    ],
)
