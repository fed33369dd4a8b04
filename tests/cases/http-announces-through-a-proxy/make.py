"""A client tells two trackers through one connection to a proxy, with a passkey to one and a log-in to the other."""

from tests.build import tcp_stream
from tests.build.tracker import http_announce, http_announce_reply
from tests.cases.cast import EMPLOYEE, PEER_ID, TORRENT, WEB

TRACKERS = (
    "http://One.Example:6969/0123456789abcdef0123456789abcdef/announce",
    "http://user:password@two.example/announce",
)
FRAMES = tcp_stream(
    EMPLOYEE,
    WEB,
    [
        said
        for tracker in TRACKERS
        for said in (
            ("orig", http_announce(TORRENT, PEER_ID, event="started", left=5000, path=tracker)),
            ("resp", http_announce_reply([])),
        )
    ],
)
