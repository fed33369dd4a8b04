"""Announces with a log-in, a passkey, a terminal's escape or far too much as the Host, and one with a port."""

from tests.build import tcp_stream
from tests.build.tracker import http_announce, http_announce_reply
from tests.cases.cast import EMPLOYEE, PEER_ID, TORRENT, WEB

HOSTS = (
    b"user:password@tracker.example",
    b"0123456789abcdef0123456789abcdef.tracker.example",
    b"tracker\x1b[31m.example",
    b"tracker.example/0123456789abcdef0123456789abcdef",
    b"x" * 300,
    b"Tracker.Example:6969",
)
ANNOUNCE = http_announce(TORRENT, PEER_ID, event="started", left=5000)
FRAMES = tcp_stream(
    EMPLOYEE,
    WEB,
    [
        said
        for host in HOSTS
        for said in (
            ("orig", ANNOUNCE.replace(b"Host: tracker.example", b"Host: " + host)),
            ("resp", http_announce_reply([])),
        )
    ],
)
