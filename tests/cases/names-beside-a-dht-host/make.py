"""A client looks names up, asks for trackers over TLS and speaks with the DHT; a neighbour only looks up."""

from tests.build import START, find_node, tcp_stream, udp, udp_exchange
from tests.build.around import client_hello, dns_query, dns_reply
from tests.build.frames import MILLISECOND, End, Frame
from tests.cases.cast import EMPLOYEE, PEER, TORRENT

OWN = b"abcdefghij0123456789"
RESOLVER, NEIGHBOUR = End("10.20.0.1", 53), End("10.20.0.6", 50_002)
ROUTER = "router.bittorrent.com"
LOOKUP = [("orig", dns_query(ROUTER)), ("resp", dns_reply(ROUTER, "192.0.2.9"))]
PLANTED = ("mail.example",)


def ask_for(name: str, server: str, after: int) -> list[Frame]:
    """Begin TLS with a server."""
    start = START + after * MILLISECOND
    return tcp_stream(EMPLOYEE, End(server, 443), [("orig", client_hello(name))], start=start)


FRAMES = [
    *udp_exchange(EMPLOYEE, RESOLVER, LOOKUP),
    *udp_exchange(NEIGHBOUR, RESOLVER, LOOKUP),
    udp(End(EMPLOYEE.ip, 6881), PEER, find_node(OWN, TORRENT), time=START + 100 * MILLISECOND),
    *ask_for("tracker.opentrackr.org", "192.0.2.10", 200),
    *ask_for(PLANTED[0], "192.0.2.11", 300),
    *ask_for("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "192.0.2.12", 400),
]
