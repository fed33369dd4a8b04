"""An outsider sends to an echo server of ours (RFC 862): a handshake with a piece, over TCP and uTP, and an announce.

The server's side of the connection then begins with a handshake and has a piece. The auditor says `contacted`: the peer
id that came back is the outsider's own, and no two peers have one. Over uTP the echo of a SYN is no answer to it. Who
sends a tracker's question back asks for nothing, so that the connection which the outsider then gives is no answer, and
the announce that is sent back with it is none.
"""

from tests.build import piece, tcp_stream, udp_exchange
from tests.build.frames import End
from tests.build.tracker import announce_request, connect_reply, connect_request
from tests.build.utp import utp_stream
from tests.cases.cast import HELLO, PEER, PEER_ID, TORRENT

ECHO = End("10.20.0.7", 7)
SAID = HELLO + piece(0, 0, bytes(16384))
THROWN = [data for side, data in utp_stream(700, [("orig", SAID)]) if side == "orig"]
POSED = [connect_request(), connect_reply(7), announce_request(7, TORRENT, PEER_ID)]


def echoed(port: int, thrown: list[bytes]) -> list:
    """Let every datagram come back."""
    return udp_exchange(End(PEER.ip, port), ECHO, [(side, data) for data in thrown for side in ("orig", "resp")])


FRAMES = [*tcp_stream(PEER, ECHO, [("orig", SAID), ("resp", SAID)]), *echoed(6881, THROWN), *echoed(6882, POSED)]
