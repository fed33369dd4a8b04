"""A page about the protocol, full of what the auditor looks for; the same in a mail that is sent and one that is read.

The page has magnet links, links to announces, bencoded dictionaries, KRPC datagrams, a torrent file in the middle, and
a handshake at the very beginning of segments. The auditor says nothing: a handshake is one only at the first byte of
its direction, an announce only as the target of a request, and a magnet link proves no use of it. A host that reads or
forwards all this has not spoken BitTorrent.
"""

from tests.build import Conversation, End, announce_peer, bencode, get_peers, ping, udp
from tests.build.bittorrent import piece
from tests.cases.cast import EMPLOYEE, GUEST, HELLO, PEER_ID, TORRENT, WEB

TARGET = "%AA" * 20
INFO = bencode({b"length": 5, b"name": b"a", b"piece length": 16384, b"pieces": b"a" * 20})
QUOTED = [
    f'<a href="magnet:?xt=urn:btih:{"a" * 40}&tr=http://tracker.example/announce">a torrent</a>'.encode(),
    f'<a href="http://tracker.example/announce?info_hash={TARGET}&peer_id={"a" * 20}&port=6881">join</a>'.encode(),
    ping(PEER_ID) + get_peers(PEER_ID, TORRENT) + announce_peer(PEER_ID, TORRENT, 6881, b"token"),
    b"d8:announce31:http://tracker.example/announce4:info" + INFO + b"e",
    HELLO,
    HELLO + piece(0, 0, bytes(900)),
]


def talk(host: End, server: End, before: list[tuple[str, bytes]], sender: str) -> Conversation:
    """Let somebody send all of it, each in a segment of its own, after the greetings of another protocol."""
    said = Conversation(host, server)
    said.open()
    for side, data in before:
        said.send(side, data)
    for quoted in QUOTED:
        said.send(sender, quoted)
    said.close()
    return said


SIZE = sum(map(len, QUOTED))
ASKED = [
    ("orig", b"GET /protocol HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    ("resp", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % SIZE),
]
SENT = [
    ("resp", b"220 mail.example ESMTP\r\n"),
    ("orig", b"EHLO host\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"),
    ("resp", b"354 go on\r\n"),
]
READ = [("resp", b"+OK\r\n"), ("orig", b"RETR 1\r\n"), ("resp", b"+OK follows\r\n")]

FRAMES = [
    *talk(EMPLOYEE, WEB, ASKED, "resp").frames,
    *talk(GUEST, End("198.51.100.9", 25), SENT, "orig").frames,
    *talk(End(GUEST.ip, 50_777), End("198.51.100.9", 110), READ, "resp").frames,
    udp(EMPLOYEE, End("192.0.2.9", 514), b"<13>refused: " + announce_peer(PEER_ID, TORRENT, 6881, b"token")),
]
