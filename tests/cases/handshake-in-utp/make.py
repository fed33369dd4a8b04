"""Two peers share two torrents, each over a uTP connection of its own between the same two sockets, and the DHT."""

from tests.build import message, piece, ping, request, udp_exchange
from tests.build.bittorrent import handshake
from tests.build.utp import utp_stream
from tests.cases.cast import ANSWER, GUEST, HELLO, OTHER_TORRENT, PEER, PEER_ID

FILM = utp_stream(
    700,
    [
        ("orig", HELLO),
        ("resp", ANSWER + message(5, b"\xf0")),
        ("orig", message(2) + request(0, 0)),
        ("resp", message(1) + piece(0, 0, bytes(16384))),
        ("resp", request(4, 0, 5000)),
        ("orig", piece(4, 0, bytes(5000))),
    ],
)
OTHER = utp_stream(900, [("orig", handshake(OTHER_TORRENT, PEER_ID))])
FRAMES = udp_exchange(GUEST, PEER, [*FILM, *OTHER, ("orig", ping(b"n" * 20))])
