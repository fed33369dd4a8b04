"""An outsider announces itself at what may be a tracker inside, and asks it for a piece."""

from tests.build import End, tcp_stream
from tests.build.tracker import http_announce, http_announce_reply, http_get, http_reply
from tests.cases.cast import PEER, PEER_ID, TORRENT

FRAMES = tcp_stream(
    PEER,
    End("10.20.0.5", 80),
    [
        ("orig", http_announce(TORRENT, PEER_ID, event="started", left=5000)),
        ("resp", http_announce_reply([("198.51.100.20", 6881)], external_ip="198.51.100.7")),
        ("orig", http_get("/seed?info_hash=" + "%BB" * 20 + "&piece=0")),
        ("resp", http_reply(bytes(16384), "application/octet-stream")),
    ],
)
