"""A tracker and a node of the DHT name the same peer for a torrent; the host goes there, encrypted."""

from tests.build import START, announced, get_peers, obfuscated, peers_reply, tcp_stream, udp_exchange
from tests.build.encrypted import FLIGHTS
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, NODE, PEER, TORRENT, TRACKER

OWN, THEIRS = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"
CLIENT = End(EMPLOYEE.ip, 6881)
asked = [("orig", get_peers(OWN, TORRENT)), ("resp", peers_reply(THEIRS, [(PEER.packed, PEER.port)]))]

FRAMES = [
    *udp_exchange(CLIENT, TRACKER, announced(TORRENT, [PEER])),
    *udp_exchange(CLIENT, NODE, asked, start=START + 100 * MILLISECOND),
    *tcp_stream(EMPLOYEE, PEER, obfuscated(1, (*FLIGHTS, 300_000)), start=START + 200 * MILLISECOND),
]
