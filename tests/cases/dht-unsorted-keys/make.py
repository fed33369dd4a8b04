"""A node that writes its dicts in any order, whatever BEP 3 says of it, and on port 53."""

from tests.build import START, bencode, udp
from tests.build.frames import End
from tests.cases.cast import TORRENT

NODE = b"abcdefghij0123456789"
ARGUMENTS = {b"token": b"tok", b"port": 6881, b"info_hash": TORRENT, b"id": NODE}
QUERY = bencode({b"y": b"q", b"t": b"aa", b"q": b"announce_peer", b"a": ARGUMENTS}, sort=False)

FRAMES = [udp(End("10.20.0.5", 53), End("198.51.100.7", 4500), QUERY, time=START)]
