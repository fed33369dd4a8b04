"""Drawn scenarios: a few hosts in a few swarms and in the DHT, among traffic that is neither."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.build.bittorrent import (
    BITFIELD,
    HAVE,
    INTERESTED,
    KEEPALIVE,
    PLAIN,
    UNCHOKE,
    Bencodable,
    bencode,
    extended,
    handshake,
    introduction,
    krpc_error,
    message,
    metadata_block,
    metadata_request,
    piece,
    request,
)
from tests.build.frames import MILLISECOND, START, End, Frame, Side
from tests.properties.talks import Exchange, Packet, Talk, Turn, UtpTalk, arp, frames, in_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INSIDE = ("10.20.0.5", "10.20.0.6", "10.30.0.7", "10.40.0.9", "10.9.0.3", "2001:db8:20::5", "2001:db8:40::9")
"""An employee's and others' devices in policies/corporate.yaml; one that no group claims."""
OUTSIDE = ("198.51.100.7", "192.0.2.8", "2001:db8:ffff::7", "2001:db8:ffff::8")
APPROVED = bytes.fromhex("eb0992bcda017264d86968b93a821546a4aabf4d")
TORRENTS = (APPROVED, *(hashlib.sha1(b"torrent %d" % n, usedforsecurity=False).digest() for n in range(3)))
HYBRID = PLAIN[:7] + bytes([PLAIN[7] | 0x10])
"""Reserved bytes of a peer that offers the upgrade to the v2 side (BEP 52)."""
VLANS = ((), (), (30,), (100, 20))


@dataclass(frozen=True)
class Scenario:
    """What happened on a network for a second or two."""

    talks: tuple[Talk, ...]
    exchanges: tuple[Exchange | UtpTalk, ...]
    others: tuple[Frame, ...] = ()

    def packets(self) -> list[Packet]:
        """Return every IP packet."""
        return [packet for talk in self.spoken() for packet in talk.packets()]

    def spoken(self) -> list[Talk | Exchange | UtpTalk]:
        """Return all talk, in TCP, UDP and uTP."""
        return [*self.talks, *self.exchanges]

    def frames(self) -> list[Frame]:
        """Return what a tap would have recorded, in order of time."""
        return in_time([*frames(self.packets()), *self.others])


def noise_bytes(seed: int, size: int) -> bytes:
    """Return bytes of no meaning."""
    return Random(seed).randbytes(size)  # noqa: S311 - a fixed sequence is what is wanted


@st.composite
def ends(draw: st.DrawFn, port: int) -> tuple[End, End]:
    """Draw an inside host and whom it speaks with, in either order; ``port`` keeps flows apart."""
    host = draw(st.sampled_from(INSIDE))
    others = [ip for ip in (*OUTSIDE, *INSIDE[:3]) if (":" in ip) == (":" in host) and ip != host]
    remote = draw(st.sampled_from(others))
    client, server = (host, remote) if draw(st.integers(0, 2)) else (remote, host)
    return End(client, port), End(server, draw(st.sampled_from((6881, 51413, 80, 443, 40000))))


@st.composite
def peer_talks(draw: st.DrawFn, number: int = 0) -> Talk:
    """Draw a connection of two peers: a handshake answered or not, and messages with pieces both ways."""
    client, server = draw(ends(50_000 + number))
    torrent = draw(st.sampled_from(TORRENTS))
    turns: list[Turn] = [("orig", handshake_of(torrent, number, draw(st.sampled_from((PLAIN, HYBRID)))))]
    if draw(st.integers(0, 4)):
        other = torrent if draw(st.integers(0, 3)) else draw(st.sampled_from(TORRENTS))
        turns.append(("resp", handshake_of(other, number + 100)))
        turns += draw(st.lists(st.tuples(st.sampled_from(("orig", "resp")), peer_messages()), max_size=8))
    start = START + draw(st.integers(0, 200)) * MILLISECOND
    isn = (draw(sequence_numbers()), draw(sequence_numbers()))
    return Talk(client, server, tuple(turns), draw(st.sampled_from(VLANS)), start, isn, closed=draw(st.booleans()))


def sequence_numbers() -> st.SearchStrategy[int]:
    """Draw an initial sequence number; many are about to wrap."""
    return st.one_of(st.integers(0, 2**32 - 1), st.integers(2**32 - 3000, 2**32 - 1), st.just(2**31 - 5))


KINDS = ("piece", "piece", "request", "have", "start", "extended", "pex", "metadata", "alive", "unknown")
TOLD: dict[bytes, Bencodable] = {b"v": b"client", b"p": 6881, b"yourip": bytes([203, 0, 113, 7])}


@st.composite
def peer_messages(draw: st.DrawFn) -> bytes:
    """Draw a message, or a few that one side sends together."""
    number = draw(st.integers(0, 2000))
    block = draw(st.sampled_from((0, 1, 700, 1447, 3000, 16384)))
    kind = draw(st.sampled_from(KINDS))
    said: dict[str, Callable[[], bytes]] = {
        "piece": lambda: piece(number, 0, noise_bytes(number, block)),
        "request": lambda: request(number, 0) + request(number, 16384),
        "have": lambda: message(HAVE, number.to_bytes(4)) + KEEPALIVE,
        "start": lambda: message(BITFIELD, noise_bytes(number, 40)) + message(INTERESTED) + message(UNCHOKE),
        "extended": lambda: introduction({b"ut_pex": 1, b"ut_metadata": 2}, TOLD),
        "pex": lambda: extended(1, bencode({b"added": noise_bytes(number, 12), b"added.f": b"\0\2"})),
        "metadata": lambda: metadata_request(2, number % 3) + metadata_block(2, 0, noise_bytes(number, 400)),
        "alive": lambda: KEEPALIVE,
        "unknown": lambda: message(99, noise_bytes(number, 30)),
    }
    return said[kind]()


@st.composite
def dht_talks(draw: st.DrawFn, number: int = 0) -> list[Exchange]:
    """Draw what one inside host and a few nodes asked and told each other."""
    host = End(draw(st.sampled_from(INSIDE)), draw(st.sampled_from((6881, 51413, 8999))) + number)
    network = "2001:db8:ffff::" if ":" in host.ip else "198.51.100."
    vlan = draw(st.sampled_from(VLANS))
    own = hashlib.sha1(b"host %d" % number, usedforsecurity=False).digest()
    made = []
    for count in range(draw(st.integers(1, 5))):
        node = End(f"{network}{100 + count}", 7000 + count)
        turns: list[Turn] = []
        for turn in range(draw(st.integers(1, 4))):
            turns += draw(dht_asked(own, node, tid=bytes([count, turn])))
        start = START + draw(st.integers(0, 300)) * MILLISECOND
        asked_first = turns[0][0] == "orig"
        client, server = (host, node) if asked_first else (node, host)
        flipped: dict[Side, Side] = {"orig": "resp", "resp": "orig"}
        turns = turns if asked_first else [(flipped[side], data) for side, data in turns]
        made.append(Exchange(client, server, tuple(turns), vlan, start))
    return made


@st.composite
def dht_asked(draw: st.DrawFn, own: bytes, node: End, tid: bytes) -> list[Turn]:
    """Draw one query, from the host (``orig``) or from the node, and what came back."""
    asker: Side = draw(st.sampled_from(("orig", "orig", "orig", "resp")))
    answerer: Side = "resp" if asker == "orig" else "orig"
    theirs = hashlib.sha1(f"{node.ip}:{node.port}".encode(), usedforsecurity=False).digest()
    ids = (own, theirs) if asker == "orig" else (theirs, own)
    turns: list[Turn] = [(asker, dht_query(draw, ids[0], tid))]
    match draw(st.integers(0, 4)):
        case 0:
            pass
        case 1:
            turns.append((answerer, krpc_error(tid=tid)))
        case _:
            reply: dict[bytes, Bencodable] = {b"id": ids[1], b"nodes": noise_bytes(7, 26), b"token": b"tok"}
            turns.append((answerer, bencode({b"r": reply, b"t": tid, b"v": b"LT\x01\x02", b"y": b"r"})))
    return turns


def dht_query(draw: st.DrawFn, own: bytes, tid: bytes) -> bytes:
    """Draw one query about one of the torrents, a look-up near the asker's own id, or none of these."""
    torrent = draw(st.sampled_from((*TORRENTS, own[:19] + b"\x55")))
    queries: dict[bytes, dict[bytes, Bencodable]] = {
        b"ping": {},
        b"find_node": {b"target": torrent},
        b"get_peers": {b"info_hash": torrent},
        b"announce_peer": {b"info_hash": torrent, b"port": 6881, b"token": b"tok", b"implied_port": 1},
        b"sample_infohashes": {b"target": torrent},
    }
    method = draw(st.sampled_from(sorted(queries)))
    top: dict[bytes, Bencodable] = {
        b"a": {b"id": own, **queries[method]},
        b"q": method,
        b"t": tid,
        b"v": b"LT\x01\x02",
        b"y": b"q",
    }
    return bencode(top)


@st.composite
def ordinary_talks(draw: st.DrawFn, number: int = 0) -> Talk | Exchange:
    """Draw traffic that is no BitTorrent: a page that quotes the protocol, TLS, ssh, DNS, datagrams of any kind."""
    client, server = draw(ends(40_000 + number))
    start = START + draw(st.integers(0, 300)) * MILLISECOND
    quoted = b"<pre>" + handshake_of(TORRENTS[1], 0) + piece(0, 0, noise_bytes(1, 900)) + b"</pre>"
    talks: dict[str, tuple[Turn, ...]] = {
        "page": (
            ("orig", b"GET /bep_0003.html HTTP/1.1\r\nHost: example.org\r\n\r\n"),
            ("resp", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(quoted) + quoted),
        ),
        "upload": (("orig", b"POST /paste HTTP/1.1\r\n\r\n"), ("orig", quoted[5:])),
        "tls": (("orig", b"\x16\x03\x01\x02\x00\x01" + noise_bytes(number, 507)), ("resp", noise_bytes(2, 2500))),
        "ssh": (("resp", b"SSH-2.0-OpenSSH_9.2\r\n"), ("orig", b"SSH-2.0-OpenSSH_9.2\r\n" + noise_bytes(3, 700))),
        "random": (("orig", noise_bytes(number + 4, 600)), ("resp", noise_bytes(number + 5, 1800))),
    }
    datagrams: dict[str, tuple[Turn, ...]] = {
        "dns": (("orig", b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x06router\x0abittorrent\x03com\0\0\x01\0\x01"),),
        "any": tuple(("orig", noise_bytes(number + n, 300)) for n in range(4)),
        "dictionary": (("orig", b"d1:q4:ping" + noise_bytes(6, 40) + b"e"), ("resp", b"d8:announcei1ee")),
    }
    kind = draw(st.sampled_from((*talks, *datagrams)))
    vlan = draw(st.sampled_from(VLANS))
    if kind in talks:
        return Talk(client, server, talks[kind], vlan, start, (draw(sequence_numbers()), 77))
    return Exchange(client, server, datagrams[kind], vlan, start)


@st.composite
def scenarios(draw: st.DrawFn, peers: int = 3, dht: int = 2, ordinary: int = 3) -> Scenario:
    """Draw a network's second: up to so many of each."""
    spoken = [draw(peer_talks(number)) for number in range(draw(st.integers(1, peers)))]
    told = [each for number in range(draw(st.integers(0, dht))) for each in draw(dht_talks(number))]
    rest = [draw(ordinary_talks(number)) for number in range(draw(st.integers(0, ordinary)))]
    return assemble([*spoken, *told, *rest])


def assemble(talks: Iterable[Talk | Exchange | UtpTalk]) -> Scenario:
    """Make a scenario of talks, with a frame that has no IP."""
    every = tuple(talks)
    tcp = tuple(talk for talk in every if isinstance(talk, Talk))
    udp = tuple(talk for talk in every if not isinstance(talk, Talk))
    return Scenario(tcp, udp, (arp(End("10.20.0.5", 0)),))


def handshake_of(torrent: bytes, who: int, reserved: bytes = PLAIN) -> bytes:
    """Make the handshake of one of a few peers."""
    return handshake(torrent, b"-qB4520-%012d" % who, reserved)
