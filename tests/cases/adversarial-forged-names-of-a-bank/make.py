"""A peer's list of peers and a forged tracker's answer both name a bank's web server; two hosts then speak with it.

The auditor says of the employee what it itself did, a handshake with one peer, and of the guest nothing: it never asked
a tracker, so what comes unasked is no answer, and only an answer names peers. TLS does not look random from its first
byte, so the flows to the bank are not even looked at. What a peer or a tracker asserts never makes a flow BitTorrent;
it can only tie one that looks like nothing else.
"""

from tests.build import START, bencode, tcp_stream, udp
from tests.build.around import client_hello
from tests.build.bittorrent import extended, introduction
from tests.build.encrypted import obfuscated
from tests.build.frames import MILLISECOND, End
from tests.build.tracker import announce_reply, connect_reply
from tests.cases.cast import ANSWER, EMPLOYEE, GUEST, HELLO, PEER, UDP_TRACKER

BANK, ELSEWHERE = End("198.51.100.200", 443), End("198.51.100.200", 8443)
NAMED = [(BANK.ip, BANK.port), (ELSEWHERE.ip, ELSEWHERE.port)]
ADDED = b"".join(end.packed + end.port.to_bytes(2) for end in (BANK, ELSEWHERE))
BANKING = [("orig", client_hello("bank.example")), ("resp", b"\x16\x03\x03\x00\x7a" + obfuscated(1)[0][1])]


def at(second: int) -> int:
    """Return a time after the beginning."""
    return START + second * 1000 * MILLISECOND


FRAMES = [
    *tcp_stream(
        EMPLOYEE,
        PEER,
        [
            ("orig", HELLO + introduction({b"ut_pex": 5})),
            ("resp", ANSWER + introduction({b"ut_pex": 1})),
            ("resp", extended(5, bencode({b"added": ADDED, b"added.f": b"\x01\x01"}))),
        ],
    ),
    udp(UDP_TRACKER, GUEST, connect_reply(7), time=at(1)),
    udp(UDP_TRACKER, GUEST, announce_reply(NAMED), time=at(2)),
    *tcp_stream(End(EMPLOYEE.ip, 51_000), BANK, BANKING, start=at(3)),
    *tcp_stream(End(EMPLOYEE.ip, 51_001), ELSEWHERE, BANKING, start=at(4)),
    *tcp_stream(End(GUEST.ip, 51_002), BANK, BANKING, start=at(5)),
    *tcp_stream(End(GUEST.ip, 51_003), ELSEWHERE, BANKING, start=at(6)),
]
