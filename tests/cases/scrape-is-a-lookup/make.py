"""Two torrents' numbers over UDP, one's over HTTP."""

from tests.build import bencode, tcp_stream, udp_exchange
from tests.build.tracker import connect_reply, connect_request, http_get, http_reply, scrape_reply, scrape_request
from tests.cases.cast import EMPLOYEE, GUEST, OTHER_TORRENT, TORRENT, UDP_TRACKER, WEB

NUMBERS = bencode({b"files": {TORRENT: {b"complete": 5, b"downloaded": 9, b"incomplete": 2}}})
FRAMES = [
    *udp_exchange(
        GUEST,
        UDP_TRACKER,
        [
            ("orig", connect_request()),
            ("resp", connect_reply(7)),
            ("orig", scrape_request(7, [TORRENT, OTHER_TORRENT])),
            ("resp", scrape_reply(2)),
        ],
    ),
    *tcp_stream(EMPLOYEE, WEB, [("orig", http_get("/scrape?info_hash=" + "%AA" * 20)), ("resp", http_reply(NUMBERS))]),
]
