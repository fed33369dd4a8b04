"""An employee asks a web seed for pieces and gets one; a guest asks another, which refuses."""

from tests.build import tcp_stream
from tests.build.tracker import http_get, http_reply
from tests.cases.cast import EMPLOYEE, GUEST, WEB

ASK = http_get("/seed?info_hash=" + "%AA" * 20 + "&piece=0", "seed.example")
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n60"
FRAMES = [
    *tcp_stream(EMPLOYEE, WEB, [("orig", ASK), ("resp", http_reply(bytes(16384), "application/octet-stream"))]),
    *tcp_stream(GUEST, WEB, [("orig", ASK), ("resp", REFUSAL)]),
]
