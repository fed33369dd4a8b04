"""Who appears in the cases."""

from __future__ import annotations

from tests.build import End, handshake

EMPLOYEE, GUEST = End("10.20.0.5", 50_000), End("10.40.0.9", 50_001)
EMPLOYEE6 = End("2001:db8:20::5", 50_000)
PEER, PEER6 = End("198.51.100.7", 6881), End("2001:db8:ffff::7", 6881)
WEB, UDP_TRACKER = End("198.51.100.7", 80), End("198.51.100.8", 1337)
TORRENT, OTHER_TORRENT = b"\xaa" * 20, b"\xbb" * 20
TRACKER, NODE = End("203.0.113.1", 6969), End("192.0.2.9", 6881)
PEER_ID = b"-qB4520-aaaaaaaaaaaa"
HELLO = handshake(TORRENT, PEER_ID)
ANSWER = handshake(TORRENT, b"-TR4060-bbbbbbbbbbbb")
