"""One node of the DHT names a peer; the host goes there, encrypted."""

from tests.build import START, get_peers, obfuscated, peers_reply, tcp_stream, udp_exchange
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, NODE, PEER, TORRENT

OWN, THEIRS = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"
asked = [("orig", get_peers(OWN, TORRENT)), ("resp", peers_reply(THEIRS, [(PEER.packed, PEER.port)]))]

FRAMES = [
    *udp_exchange(End(EMPLOYEE.ip, 6881), NODE, asked),
    *tcp_stream(EMPLOYEE, PEER, obfuscated(1), start=START + 200 * MILLISECOND),
]
