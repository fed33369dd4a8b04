"""A page gives the addresses of an announce and of a web seed's piece as those of its pictures; a browser fetches both.

Each is a request that a client could have sent, word for word in its target. The auditor says nothing: a browser names
the languages that its reader wishes for, with whatever it fetches, and no BitTorrent client does. Else every page, and
every advertisement in one, could have its readers take part in any swarm.
"""

from tests.build import tcp_stream
from tests.build.tracker import http_announce_reply, http_reply
from tests.cases.cast import EMPLOYEE, WEB

BROWSER = (
    "Host: 198.51.100.7\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nReferer: http://page.example/\r\n"
)
NAMED = "info_hash=" + "%AA" * 20


def fetch(target: str) -> bytes:
    """Fetch what a page shows."""
    return f"GET {target} HTTP/1.1\r\n{BROWSER}\r\n".encode()


FRAMES = tcp_stream(
    EMPLOYEE,
    WEB,
    [
        ("orig", fetch(f"/announce?{NAMED}&peer_id=-qB4520-aaaaaaaaaaaa&port=6881&left=0&event=completed")),
        ("resp", http_announce_reply([("198.51.100.20", 6881)])),
        ("orig", fetch(f"/seed?{NAMED}&piece=0")),
        ("resp", http_reply(bytes(16384), "application/octet-stream")),
    ],
)
