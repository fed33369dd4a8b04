"""A resolver and a mail filter look names up, a browser asks for a tracker's page, and an outsider knocks."""

from tests.build import tcp_stream, udp_exchange
from tests.build.around import client_hello, dns_query, dns_reply
from tests.build.frames import End
from tests.cases.cast import EMPLOYEE, GUEST, HELLO, PEER

RESOLVER, UPSTREAM = End("10.20.0.1", 40_000), End("192.0.2.53", 53)
ROUTER = "router.bittorrent.com"
LOOKUP = [("orig", dns_query(ROUTER)), ("resp", dns_reply(ROUTER, "192.0.2.9"))]

FRAMES = [
    *udp_exchange(GUEST, End(RESOLVER.ip, 53), LOOKUP),
    *udp_exchange(RESOLVER, UPSTREAM, LOOKUP),
    *tcp_stream(EMPLOYEE, End("192.0.2.10", 443), [("orig", client_hello("tracker.opentrackr.org"))]),
    *tcp_stream(PEER, End(EMPLOYEE.ip, 6881), [("orig", HELLO)]),
]
