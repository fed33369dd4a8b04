"""Drawn talk beside the peer wire: trackers of all kinds, local announces, proxies, and what hides what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.build.around import LSD_GROUP, lsd
from tests.build.bittorrent import BITFIELD, Bencodable, bencode, handshake, message
from tests.build.encrypted import FLIGHTS, UNTELLING, obfuscated
from tests.build.frames import MILLISECOND, START, End
from tests.build.proxy import connect, socks4, socks4a, socks5
from tests.build.tracker import (
    announce_reply,
    announce_request,
    compact,
    connect_reply,
    connect_request,
    http_announce,
    http_get,
    http_reply,
    scrape_reply,
    scrape_request,
    websocket_text,
    websocket_upgrade,
)
from tests.properties.scenarios import INSIDE, TORRENTS, VLANS, ends, noise_bytes, peer_talks
from tests.properties.talks import Exchange, Talk, Turn, UtpTalk

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = [("198.51.100.20", 6881), ("203.0.113.9", 51413), ("192.0.2.44", 80)]
PEER_ID = b"-qB4520-%012d"
INFO: dict[bytes, Bencodable] = {
    b"length": 5,
    b"name": b"a.bin",
    b"piece length": 16384,
    b"pieces": b"a" * 20,
}


@st.composite
def http_tracker_talks(draw: st.DrawFn, number: int = 0) -> Talk:
    """Draw a connection to an HTTP server: announces and scrapes, torrent files and pages, one by one or pipelined."""
    client, server = draw(ends(20_000 + number))
    asked, answered = [], []
    for _ in range(draw(st.integers(1, 4))):
        request, body = draw(questions(number))
        asked.append(request)
        how = {"packed": draw(st.booleans()), "chunk": draw(st.sampled_from((0, 0, 7, 4096)))}
        answered.append(http_reply(body, **how))  # type: ignore[arg-type]
    if draw(st.booleans()):
        turns = [
            turn for ask, answer in zip(asked, answered, strict=True) for turn in (("orig", ask), ("resp", answer))
        ]
    else:
        turns = [("orig", b"".join(asked)), ("resp", b"".join(answered))]
    return Talk(client, server, tuple(turns), draw(st.sampled_from(VLANS)), draw(starts()))  # type: ignore[arg-type]


@st.composite
def questions(draw: st.DrawFn, number: int) -> tuple[bytes, bytes]:
    """Draw what is asked of an HTTP server, and the answer's body."""
    torrent = draw(st.sampled_from(TORRENTS))
    told = bencode({b"interval": 1800, b"complete": 5, b"peers": compact(PEERS), b"external ip": b"\xcb\0\x71\x05"})
    listed = bencode({b"interval": 9, b"peers": [{b"ip": b"192.0.2.1", b"port": 6881, b"peer id": b"p" * 20}]})
    scraped = "/scrape?info_hash=" + "".join(f"%{byte:02x}" for byte in torrent)
    numbers = bencode({b"files": {torrent: {b"complete": 1, b"downloaded": 2, b"incomplete": 3}}})
    announced = http_announce(torrent, PEER_ID % number, event=draw(st.sampled_from(("", "started", "completed"))))
    found: dict[str, tuple[bytes, bytes]] = {
        "announce": (announced, told),
        "list": (announced, listed),
        "failure": (announced, bencode({b"failure reason": b"unregistered torrent"})),
        "scrape": (http_get(scraped), numbers),
        "torrent": (http_get("/a.torrent"), bencode({b"announce": b"http://t.example/announce", b"info": INFO})),
        "page": (http_get("/"), b'<a href="magnet:?xt=urn:btih:' + torrent.hex().encode() + b'">' + bytes(3000)),
    }
    return found[draw(st.sampled_from(sorted(found)))]


@st.composite
def udp_tracker_talks(draw: st.DrawFn, number: int = 0) -> Exchange:
    """Draw talk with a UDP tracker: a connection, announces and scrapes, of which some are asked twice."""
    client, server = draw(ends(21_000 + number))
    turns: list[Turn] = [("orig", connect_request(number)), ("resp", connect_reply(77, number))]
    for tid in range(10, 10 + draw(st.integers(0, 4))):
        torrent = draw(st.sampled_from(TORRENTS))
        answer = announce_reply(PEERS if ":" not in client.ip else [], tid)
        ask = announce_request(77, torrent, PEER_ID % number, event=draw(st.integers(0, 3)), tid=tid, key=7)
        if not draw(st.integers(0, 3)):
            ask, answer = scrape_request(77, TORRENTS[:2], tid), scrape_reply(2, tid)
        turns += [("orig", ask)] * draw(st.integers(1, 2))
        turns += [("resp", answer)] * draw(st.integers(0, 2))
    return Exchange(client, server, tuple(turns), draw(st.sampled_from(VLANS)), draw(starts()))


@st.composite
def ws_tracker_talks(draw: st.DrawFn, number: int = 0) -> Talk:
    """Draw talk with a tracker over a WebSocket in clear."""
    client, server = draw(ends(22_000 + number))
    ask, agree = websocket_upgrade()
    turns: list[Turn] = [("orig", ask), ("resp", agree)]
    for name in draw(st.lists(st.sampled_from(("a" * 20, "é" * 20)), min_size=1, max_size=3)):
        said = {"action": "announce", "info_hash": name, "peer_id": "-WW0205-aaaaaaaaaaaa", "left": 9, "uploaded": 0}
        offers = [{"offer_id": "x" * 20, "offer": {"type": "offer", "sdp": "s" * draw(st.sampled_from((3, 2000)))}}]
        turns.append(("orig", websocket_text({**said, "offers": offers, "event": "started"}, b"mask")))
        turns.append(("resp", websocket_text({"action": "announce", "info_hash": name, "interval": 120})))
    return Talk(client, server, tuple(turns), draw(st.sampled_from(VLANS)), draw(starts()))


@st.composite
def local_announces(draw: st.DrawFn, number: int = 0) -> Exchange:
    """Draw announces to the local network, some repeated."""
    host = draw(st.sampled_from([ip for ip in INSIDE if ":" not in ip]))
    named = draw(st.lists(st.sampled_from(TORRENTS), min_size=1, max_size=3, unique=True))
    said: list[Turn] = [("orig", lsd(6881, named))] * draw(st.integers(1, 3))
    return Exchange(End(host, 6771 + number), LSD_GROUP, tuple(said), start=draw(starts()))


@st.composite
def obfuscated_turns(draw: st.DrawFn, number: int = 0) -> tuple[Turn, ...]:
    """Draw the turns of an obfuscated connection; of some, what follows the handshake is plain."""
    shape = draw(st.sampled_from((FLIGHTS, UNTELLING, (180, 420, 124, 14), (*FLIGHTS, 9000), (97, 608, 56, 30, 68))))
    turns = obfuscated(number, shape)
    if not draw(st.booleans()):
        return tuple(turns)
    torrent = draw(st.sampled_from(TORRENTS))
    hello = [handshake(torrent, PEER_ID % n) + message(BITFIELD, noise_bytes(n, 40)) for n in (1, 2)]
    first, second, third, fourth = (data for _, data in turns[:4])
    plain: list[Turn] = [
        ("orig", first),
        ("resp", second),
        ("orig", third),
        ("resp", fourth + hello[0]),
        ("orig", hello[1]),
        ("resp", message(1)),
    ]
    return tuple(plain)


@st.composite
def obfuscated_talks(draw: st.DrawFn, number: int = 0) -> Talk | UtpTalk:
    """Draw an obfuscated connection over TCP or uTP."""
    client, server = draw(ends(23_000 + number))
    turns, vlan = draw(obfuscated_turns(number)), draw(st.sampled_from(VLANS))
    if draw(st.booleans()):
        return UtpTalk(client, server, turns, vlan=vlan, start=draw(starts()))
    return Talk(client, server, turns, vlan, draw(starts()))


@st.composite
def proxied_talks(draw: st.DrawFn, number: int = 0) -> Talk:
    """Draw a connection of two peers through a proxy."""
    talk = draw(peer_talks(number))
    login = draw(st.sampled_from((None, (b"eve", b"sesame"))))
    user = login[0] if login else b""
    asked: dict[str, Callable[[], list[Turn]]] = {
        "socks4": lambda: socks4("198.51.100.99", 6881, user),
        "socks4a": lambda: socks4a(b"peer.example", 6881, user),
        "socks5": lambda: socks5("198.51.100.99", 6881, login),
        "connect": lambda: connect("198.51.100.99", 6881, login),
    }
    turns = (*asked[draw(st.sampled_from(sorted(asked)))](), *talk.turns)
    client = replace(talk.client, port=24_000 + number)
    return replace(talk, client=client, server=replace(talk.server, port=1080), turns=turns)


def streams(number: int = 0) -> st.SearchStrategy[Talk | UtpTalk]:
    """Draw one stream of any of these kinds."""
    kinds = (http_tracker_talks, ws_tracker_talks, proxied_talks, obfuscated_talks)
    return st.one_of(*(kind(number) for kind in kinds))


def discoveries(number: int = 0) -> st.SearchStrategy[Talk | Exchange | UtpTalk]:
    """Draw one talk of any of these kinds."""
    return st.one_of(streams(number), udp_tracker_talks(number), local_announces(number))


def starts() -> st.SearchStrategy[int]:
    """Draw when a talk begins."""
    return st.integers(0, 300).map(lambda milliseconds: START + milliseconds * MILLISECOND)
