"""The capture begins where a page, a mail or an upload quotes a handshake or an announce at the beginning of a segment.

Without the SYN nothing tells the first byte captured from the first sent. The auditor takes such a handshake for one
where the other end answers it with its own, or where messages follow it and nobody says anything else. Text behind it,
or an answer in another protocol, is proof of a quotation, even if a whole talk between peers is quoted; of nothing but
the handshake the auditor says that it is suspected. So it does of an announce in the middle of HTTP that no tracker
answers.
"""

from tests.build import Conversation, End, handshake, message, piece
from tests.build.tracker import http_announce, http_announce_reply
from tests.cases.cast import ANSWER, EMPLOYEE, GUEST, HELLO, OTHER_TORRENT, PEER, PEER_ID, TORRENT, WEB

SERVER, READER = End("10.20.0.80", 80), End("198.51.100.9", 50_002)
TALK = HELLO + message(1) + piece(0, 0, bytes(900))


def joined(client: End, server: End, *turns: tuple) -> list:
    """Capture a connection from its middle on."""
    talk = Conversation(client, server)
    for side, data in turns:
        talk.send(side, data)
    return talk.frames


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
FRAMES = [
    # Quotations: a page of our web server, with text behind it; a recorded talk as one; an upload; a mail.
    *joined(READER, SERVER, ("resp", HELLO + b"is how a talk begins")),
    *joined(End(READER.ip, 50_003), SERVER, ("resp", TALK), ("orig", b"GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n")),
    *joined(EMPLOYEE, WEB, ("orig", HELLO), ("resp", OK)),
    *joined(GUEST, End(WEB.ip, 25), ("orig", TALK + b"\r\n.\r\n"), ("resp", b"250 OK\r\n")),
    *joined(End("10.20.0.24", 51_000), WEB, ("orig", http_announce(TORRENT, PEER_ID)), ("resp", OK)),
    # What real peers say: all of it; one direction, and so little of it that it proves nothing.
    *joined(End("10.20.0.21", 51_000), PEER, ("orig", HELLO), ("resp", ANSWER), ("resp", piece(0, 0, bytes(900)))),
    *joined(End("10.20.0.22", 51_000), PEER, ("orig", handshake(OTHER_TORRENT, PEER_ID) + message(2))),
    *joined(End("10.20.0.23", 51_000), PEER, ("orig", HELLO)),
    *joined(
        End("10.20.0.25", 51_000), WEB, ("orig", http_announce(TORRENT, PEER_ID)), ("resp", http_announce_reply([]))
    ),
]
