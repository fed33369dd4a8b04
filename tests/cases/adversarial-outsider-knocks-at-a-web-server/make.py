"""Outsiders try a web server of ours with all they have: handshake, uTP, the DHT, obfuscated talk from many addresses.

The server answers in its own protocol, or not at all. The auditor says `contacted`, which is `suspected` at most and
allowed: a handshake of which the server sent none, queries that it did not answer, an announce to it that it never
asked for. A SYN of uTP without its answer is no connection. Flows that look random count for a host only where it began
them or had said that it listens there, and the server did neither, however many addresses an outsider has.
"""

from itertools import chain

from tests.build import START, announce_peer, get_peers, ping, tcp_stream, udp_exchange
from tests.build.encrypted import obfuscated
from tests.build.frames import MILLISECOND, End
from tests.build.tracker import announce_request
from tests.build.utp import utp_stream
from tests.cases.cast import HELLO, PEER_ID, TORRENT

SERVER = End("10.20.0.80", 80)
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def outsider(number: int) -> End:
    """Return one of an outsider's addresses."""
    return End(f"198.51.100.{number}", 50_000 + number)


def random_talk(number: int, server: End) -> list:
    """Begin obfuscated talk; what answers looks random too, as a VPN's server does."""
    begun = START + (number + 1) * 200 * MILLISECOND
    return tcp_stream(outsider(number), server, obfuscated(number), start=begun)


KNOCKS = [data for side, data in utp_stream(700, [("orig", HELLO)]) if side == "orig"]
ASKED = [ping(PEER_ID), get_peers(PEER_ID, TORRENT), announce_peer(PEER_ID, TORRENT, 6881, b"token")]
FRAMES = [
    *tcp_stream(outsider(1), SERVER, [("orig", HELLO), ("resp", REFUSAL)]),
    *udp_exchange(outsider(2), SERVER, [("orig", data) for data in KNOCKS]),
    *udp_exchange(outsider(3), SERVER, [("orig", data) for data in ASKED]),
    *udp_exchange(outsider(4), SERVER, [("orig", announce_request(7, TORRENT, PEER_ID))]),
    *tcp_stream(outsider(5), SERVER, [*obfuscated(5)[:1], ("resp", REFUSAL)]),
    *chain.from_iterable(random_talk(number, End(SERVER.ip, 8443)) for number in range(10, 22)),
]
