"""Talk with a credential in every place where the protocols have one, and with pieces of bytes that are known again."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from tests.build.around import LSD_GROUP, lsd
from tests.build.bittorrent import BLOCK, Bencodable, announce_peer, bencode, get_peers, handshake, krpc_reply
from tests.build.frames import MILLISECOND, START, End, Frame, Side
from tests.build.proxy import connect, socks4a, socks5
from tests.build.torrent import Torrent, magnet_talk
from tests.build.tracker import (
    announce_reply,
    announce_request,
    connect_reply,
    connect_request,
    http_reply,
    websocket_text,
)
from tests.properties.talks import Exchange, Talk, UtpTalk, frames, in_time

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = b"PL4NT3D"
"""What every secret begins with; each goes on with where it was planted."""
KEY = b"kY7!"
"""An announce's key over UDP: four bytes."""
PIECE = b"B1T-0F-A-F1LM-"
Turns = list[tuple[Side, bytes]]

INFOHASH = bytes(range(20, 40))
_ESCAPED = quote_from_bytes(INFOHASH, safe="").encode()
_PEER_ID = b"-qB4520-aaaaaaaaaaaa"
_FILM = Torrent({"film.mkv": (PIECE * 3000)[: 2 * BLOCK]})


def secret(place: str) -> bytes:
    """Make one as long as a passkey."""
    return (MARK + place.encode() + b"0123456789abcdef0123456789abcdef")[:32]


def planted() -> dict[str, Talk | Exchange | UtpTalk]:
    """Return all talk by what it is, each from a host of ours to another stranger."""
    made: dict[str, Talk | Exchange | UtpTalk] = {}
    for number, (name, turns) in enumerate(_streams()):
        client, server = End("10.20.0.5", 52_000 + number), End(f"198.51.100.{number + 1}", 8000 + number)
        made[name] = Talk(client, server, tuple(turns), start=START + number * 900 * MILLISECOND)
    for number, (name, turns) in enumerate(_datagrams()):
        client, server = End("10.20.0.5", 53_000 + number), End(f"192.0.2.{number + 1}", 9000 + number)
        server = LSD_GROUP if name == "local announce" else server
        made[name] = Exchange(client, server, tuple(turns), start=START + number * 700 * MILLISECOND)
    ends = End("10.20.0.5", 54_000), End("198.51.100.200", 6881)
    made["pieces over uTP"] = UtpTalk(*ends, tuple(magnet_talk(_FILM)))
    return made


def capture() -> list[Frame]:
    """Return the frames of all of it."""
    return in_time(frame for talk in planted().values() for frame in frames(talk.packets()))


def _request(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: tracker.example", *headers, b"", b""])


def _announce(path: bytes, query: bytes = b"", *headers: bytes) -> bytes:
    asked = b"?info_hash=" + _ESCAPED + b"&peer_id=-qB4520-aaaaaaaaaaaa&port=6881&uploaded=0&downloaded=0&left=9"
    return _request(path + asked + query, *headers)


def _told(**more: bytes) -> bytes:
    return http_reply(
        bencode({b"interval": 9, b"peers": b"", **{name.encode(): value for name, value in more.items()}})
    )


def _streams() -> Iterator[tuple[str, Turns]]:
    plain = _told()
    yield "tracker, passkey in the path", [("orig", _announce(b"/" + secret("path") + b"/announce")), ("resp", plain)]
    yield (
        "tracker, passkey behind the script",
        [("orig", _announce(b"/announce/" + secret("behind"))), ("resp", plain)],
    )
    yield (
        "tracker, secrets in the query",
        [
            ("orig", _announce(b"/announce", b"&key=" + secret("key") + b"&passkey=" + secret("query"))),
            ("resp", _told(trackerid=secret("trackerid"))),
            ("orig", _announce(b"/announce", b"&trackerid=" + secret("given") + b"&auth=" + secret("auth"))),
            ("resp", plain),
        ],
    )
    headers = [
        b"Cookie: session=" + secret("cookie"),
        b"Authorization: Basic " + b64encode(b"eve:" + secret("basic")),
        b"Proxy-Authorization: Bearer " + secret("bearer"),
        b"Referer: http://tracker.example/" + secret("referer"),
        b"X-Api-Key: " + secret("header"),
    ]
    yield (
        "tracker, secrets in the headers",
        [
            ("orig", _announce(b"/announce", b"", *headers)),
            ("resp", plain.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=" + secret("set") + b"\r\n\r\n", 1)),
        ],
    )
    yield (
        "tracker through a proxy, secrets in an absolute address",
        [
            ("orig", _announce(b"http://eve:" + secret("user") + b"@tracker.example/" + secret("abs") + b"/announce")),
            ("resp", plain),
        ],
    )
    hosts = (
        b"eve:" + secret("login") + b"@tracker.example",
        secret("label") + b".tracker.example",
        b"x:" + secret("port"),
    )
    named = [_announce(b"/announce").replace(b"Host: tracker.example", b"Host: " + host) for host in hosts]
    yield "tracker, secrets in its name", [turn for asked in named for turn in (("orig", asked), ("resp", plain))]
    yield (
        "tracker that repeats the passkey",
        [
            ("orig", _announce(b"/" + secret("refused") + b"/announce")),
            (
                "resp",
                http_reply(
                    bencode(
                        {b"failure reason": b"passkey " + secret("failure") + b" is unknown", b"retry in": b"never"},
                    )
                ),
            ),
            ("orig", _announce(b"/" + secret("warned") + b"/announce")),
            ("resp", _told(**{"warning message": b"passkey " + secret("warning") + b" expires"})),
        ],
    )
    yield (
        "scrape",
        [
            ("orig", _request(b"/" + secret("scrape") + b"/scrape?info_hash=" + _ESCAPED)),
            ("resp", http_reply(bencode({b"files": {INFOHASH: {b"complete": 1, b"name": secret("name")}}}))),
        ],
    )
    address = b"http://tracker.example/" + secret("announced") + b"/announce"
    file: dict[bytes, Bencodable] = {b"announce": address, b"announce-list": [[address]]}
    file |= {b"comment": secret("comment"), b"created by": secret("creator")}
    yield (
        "torrent file",
        [
            ("orig", _request(b"/download.php?id=7&passkey=" + secret("download"))),
            (
                "resp",
                http_reply(
                    bencode(file)[:-1] + b"4:info" + _FILM.info + b"e",
                    "application/x-bittorrent",
                ),
            ),
        ],
    )
    link = b"magnet:?xt=urn:btih:" + INFOHASH.hex().encode() + b"&dn=" + secret("shown") + b"&tr=" + address
    yield (
        "magnet links",
        [
            ("orig", _request(b"/page", b"Referer: " + link)),
            ("resp", http_reply(b'<a href="' + link + b'">it</a>', "text/html")),
            ("orig", _request(b"/go")),
            ("resp", b"HTTP/1.1 302 Found\r\nLocation: " + link + b"\r\nContent-Length: 0\r\n\r\n"),
        ],
    )
    seed = b"/seed?info_hash=" + _ESCAPED + b"&piece=0&token=" + secret("token")
    yield (
        "web seed",
        [
            ("orig", _request(seed, b"Authorization: Bearer " + secret("seed"))),
            ("resp", http_reply((PIECE * 2000)[:BLOCK], "application/octet-stream")),
        ],
    )
    yield "WebSocket", _websocket()
    hello = handshake(INFOHASH, _PEER_ID)
    answer: Turns = [("orig", hello), ("resp", handshake(INFOHASH, b"-TR4060-bbbbbbbbbbbb"))]
    login = secret("socksuser"), secret("sockspass")
    yield "SOCKS5", [*socks5("198.51.100.99", 6881, login), *answer]
    yield "SOCKS4a", [*socks4a(secret("host"), 6881, secret("socks4")), *answer]
    yield "CONNECT", [*connect("198.51.100.99", 6881, (secret("proxyuser"), secret("proxypass"))), *answer]
    yield "UPnP", _upnp()
    yield "pieces", magnet_talk(_FILM)


def _websocket() -> Turns:
    head = b"Upgrade: websocket\r\nConnection: Upgrade"
    asked = _request(
        b"/" + secret("ws") + b"?auth=" + secret("wsauth"),
        head,
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Protocol: " + secret("protocol"),
        b"Cookie: " + secret("wscookie"),
    )
    accept = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    agreed = b"\r\n".join([b"HTTP/1.1 101 Switching Protocols", head, accept, b"", b""])
    said = {"action": "announce", "info_hash": "a" * 20, "peer_id": "-WW0205-aaaaaaaaaaaa", "left": 9}
    sdp = {"type": "offer", "sdp": "a=ice-pwd:" + secret("ice").decode()}
    more = {"trackerid": secret("wsid").decode(), "offers": [{"offer_id": secret("offer").decode()[:20], "offer": sdp}]}
    failed = {"action": "announce", "info_hash": "a" * 20, "failure reason": secret("wsfailure").decode()}
    return [
        ("orig", asked),
        ("resp", agreed),
        ("orig", websocket_text({**said, **more, "event": "started"}, b"mask")),
        ("resp", websocket_text(json.loads(json.dumps(failed)))),
    ]


def _upnp() -> Turns:
    inner = (
        b"<NewExternalPort>51413</NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort>6881</NewInternalPort>"
        b"<NewInternalClient>10.20.0.5</NewInternalClient><NewLeaseDuration>0</NewLeaseDuration>"
        b"<NewPortMappingDescription>qBittorrent on the laptop of " + secret("person") + b"</NewPortMappingDescription>"
    )
    asked = _soap(b"AddPortMapping", inner)
    service = b"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping"
    head = (
        b"POST /ctl/" + secret("control") + b' HTTP/1.1\r\nHost: gateway\r\nSOAPAction: "' + service + b'"\r\n'
        b"Authorization: Basic " + b64encode(secret("router")) + b"\r\nUser-Agent: qBittorrent/5.1"
    )
    told = _soap(b"AddPortMappingResponse", secret("gateway"))
    return [
        ("orig", head + b"\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked),
        ("resp", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told),
    ]


def _soap(action: bytes, inner: bytes) -> bytes:
    return b"<s:Envelope><s:Body><u:" + action + b">" + inner + b"</u:" + action + b"></s:Body></s:Envelope>"


def _datagrams() -> Iterator[tuple[str, Turns]]:
    path = b"/" + secret("urldata") + b"/announce"
    announce = announce_request(7, INFOHASH, _PEER_ID, key=int.from_bytes(KEY)) + bytes([2, len(path)]) + path
    yield (
        "UDP tracker",
        [("orig", connect_request()), ("resp", connect_reply(7)), ("orig", announce), ("resp", announce_reply([]))],
    )
    refusal = b"\0\0\0\3\0\0\0\2passkey " + secret("udpfailure") + b" is unknown\0"
    yield (
        "UDP tracker that repeats the passkey",
        [("orig", connect_request()), ("resp", connect_reply(7)), ("orig", announce), ("resp", refusal)],
    )
    yield "local announce", [("orig", lsd(6881, [INFOHASH], secret("lsd").decode()))]
    node, asked = b"n" * 20, get_peers(b"o" * 20, INFOHASH)
    yield (
        "DHT",
        [
            ("orig", asked),
            ("resp", krpc_reply({b"id": node, b"token": secret("dht"), b"nodes": b""})),
            ("orig", announce_peer(b"o" * 20, INFOHASH, 6881, secret("dht"))),
        ],
    )
    search = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 2\r\n'
    search += b"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nUSER-AGENT: qBittorrent/5.1\r\n"
    search += b"CPFN.UPNP.ORG: laptop of " + secret("ssdp")
    yield "gateway search", [("orig", search + b"\r\n\r\n")]
