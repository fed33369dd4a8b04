"""An employee fetches a torrent file, then its content from the web seed that it names; a guest's browser too."""

from tests.build import End, bencode, tcp_stream
from tests.build.tracker import http_get, http_reply
from tests.cases.cast import EMPLOYEE, GUEST, WEB

FILE = bencode(
    {
        b"info": {b"length": 16384, b"name": b"a film", b"piece length": 16384, b"pieces": b"h" * 20},
        b"url-list": b"http://seed.example/films/",
    }
)
ASK = http_get("/films/a%20film", "seed.example")[:-2] + b"Range: bytes=0-16383\r\n\r\n"
BROWSER = ASK.replace(b"qBittorrent/4.5.2", b"Mozilla/5.0 (X11; Linux x86_64)")
PART = http_reply(bytes(16384), "application/octet-stream").replace(b"200 OK", b"206 Partial Content")
FRAMES = [
    *tcp_stream(
        EMPLOYEE,
        WEB,
        [
            ("orig", http_get("/film.torrent", "torrents.example")),
            ("resp", http_reply(FILE, "application/x-bittorrent")),
        ],
    ),
    *tcp_stream(End(EMPLOYEE.ip, 50_002), WEB, [("orig", ASK), ("resp", PART)]),
    *tcp_stream(GUEST, WEB, [("orig", BROWSER), ("resp", PART)]),
]
