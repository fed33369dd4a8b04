"""An outsider sends to an echo server of ours (RFC 862): a handshake with a piece, over TCP and uTP, and announces.

The server's side of the connection then begins with a handshake and has a piece. The auditor says `contacted`: the peer
id that came back is the outsider's own, and no two peers have one. Over uTP the echo of a SYN is no answer to it. Who
sends a tracker's question back asks for nothing, so that the connection which the outsider then gives is no answer, and
the announce that is sent back with it is none. Nor do two nodes of the DHT have one id: queries and replies that come
back under the outsider's say nothing of the server, whether each of them was captured before or not; an error has no
id, and says nothing alone. An announce for the local network goes to a group, which never answers.
"""

from tests.build import announce_peer, get_peers, krpc_error, peers_reply, piece, ping, tcp_stream, udp_exchange
from tests.build.around import lsd
from tests.build.frames import End
from tests.build.tracker import announce_request, connect_reply, connect_request
from tests.build.utp import utp_stream
from tests.cases.cast import HELLO, OTHER_TORRENT, PEER, PEER_ID, TORRENT

ECHO = End("10.20.0.7", 7)
SAID = HELLO + piece(0, 0, bytes(16384))
THROWN = [data for side, data in utp_stream(700, [("orig", SAID)]) if side == "orig"]
POSED = [connect_request(), connect_reply(7), announce_request(7, TORRENT, PEER_ID)]
ASKED = [
    ping(PEER_ID),
    *(get_peers(PEER_ID, TORRENT, b"%02d" % number) for number in range(5)),
    announce_peer(PEER_ID, TORRENT, 6881, b"token"),
    peers_reply(PEER_ID, [(b"\xc6\x33\x64\x09", 6881)]),
    krpc_error(),
]


def echoed(port: int, thrown: list[bytes]) -> list:
    """Let every datagram come back."""
    return udp_exchange(End(PEER.ip, port), ECHO, [(side, data) for data in thrown for side in ("orig", "resp")])


def missed(port: int) -> list:
    """Let an announce come back that was not captured before, and then one that was."""
    known = [(side, ping(PEER_ID)) for side in ("orig", "resp")]
    return udp_exchange(End(PEER.ip, port), ECHO, [*known, ("resp", announce_peer(PEER_ID, OTHER_TORRENT, 1, b"t"))])


FRAMES = [
    *tcp_stream(PEER, ECHO, [("orig", SAID), ("resp", SAID)]),
    *echoed(6881, THROWN),
    *echoed(6882, POSED),
    *echoed(6883, ASKED),
    *missed(6884),
    *echoed(6885, [lsd(6881, [TORRENT])]),
]
