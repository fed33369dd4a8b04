"""A tracker tells the client's address, and two peers send sets of it; a third's is of another one that nobody told."""

import hashlib
import struct
from ipaddress import ip_address

from tests.build import End, Frame, handshake, message, tcp_stream
from tests.build.torrent import Torrent, magnet_talk
from tests.build.tracker import http_announce, http_announce_reply
from tests.cases.cast import GUEST, PEER, PEER_ID, WEB

TORRENT = Torrent({"a": bytes(range(256)) * 1280})
PIECES = len(TORRENT.pieces)


def allowed_fast(ip: str, mask: int) -> bytes:
    """Name the five pieces that a peer draws from an address."""
    x = struct.pack("!I", int(ip_address(ip)) & mask) + TORRENT.infohash
    drawn: dict[int, None] = {}
    while len(drawn) < 5:
        x = hashlib.sha1(x, usedforsecurity=False).digest()
        drawn.update(dict.fromkeys(number % PIECES for number in struct.unpack("!5I", x)))
    return b"".join(message(17, struct.pack("!I", index)) for index in list(drawn)[:5])


def choked(port: int, peer: str, ip: str, mask: int = 0xFFFFFFFF) -> list[Frame]:
    """Let a peer give nothing but its set."""
    hello, answer = (handshake(TORRENT.infohash, name) for name in (PEER_ID, b"-LT2110-" + peer.encode().ljust(12)))
    client = End(GUEST.ip, port)
    return tcp_stream(client, End(peer, 6881), [("orig", hello), ("resp", answer + allowed_fast(ip, mask))])


ASKS = [
    ("orig", http_announce(TORRENT.infohash, PEER_ID, event="started", left=5000)),
    ("resp", http_announce_reply([], external_ip="203.0.113.40")),
]
FRAMES = [
    *tcp_stream(GUEST, PEER, magnet_talk(TORRENT)),
    *tcp_stream(End(GUEST.ip, 50_010), WEB, ASKS),
    *choked(50_011, "192.0.2.1", "203.0.113.40"),
    *choked(50_012, "192.0.2.2", "203.0.113.40", 0xFFFFFF00),
    *choked(50_013, "192.0.2.3", "198.18.0.1"),
]
