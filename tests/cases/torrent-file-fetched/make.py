"""An employee fetches a torrent file; an outsider fetches the same from an inside web server."""

from tests.build import End, bencode, tcp_stream
from tests.build.tracker import http_get, http_reply
from tests.cases.cast import EMPLOYEE, PEER, WEB

INFO = {b"length": 5, b"name": b"film", b"piece length": 16384, b"pieces": b"h" * 20}
FILE = bencode({b"announce": b"http://tracker.example/announce", b"info": INFO})
TURNS = [
    ("orig", http_get("/film.torrent", "torrents.example")),
    ("resp", http_reply(FILE, "application/x-bittorrent")),
]
FRAMES = [*tcp_stream(EMPLOYEE, WEB, TURNS), *tcp_stream(PEER, End("10.40.0.9", 80), TURNS)]
