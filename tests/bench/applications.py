"""What ordinary applications say: bytes that look like TLS, HTTP, SSH, DNS, QUIC, tunnels, MQTT, RTP, NTP, both ways.

A talk is an endless run of (whether the client sends, payload): the first ones open the protocol, the rest carry its
traffic. ``full`` talks fill frames up to the maximum, ``small`` ones keep every frame within 64 to 100 bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from tests.bench.frames import MSS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

Talk: TypeAlias = "Iterator[tuple[bool, bytes]]"

_SITES = ("mail", "intranet", "cdn", "api", "shop", "news", "static", "video", "docs", "git", "img", "login")
_DOMAINS = ("example.com", "example.net", "example.org", "corp.example", "cloud.example", "media.example")
_A_RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04"  # the question's name, A, IN, 300 s, 4 bytes
_PAGE = b"<div class='item'><a href='/catalogue/item'>An item of the catalogue</a> <span>in stock</span></div>\n"


class Noise:
    """A block of random bytes that talks cut their payloads from: what encrypted and compressed data look like."""

    SIZE = 1 << 18

    def __init__(self, rng: Random) -> None:
        self._block = rng.randbytes(self.SIZE + 16 * MSS)
        self.tls = _records(rng, self.SIZE)
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes (at most 16 * MSS), from the beginning again after the last."""
        start = self._at
        self._at = (start + size) % self.SIZE
        return self._block[start : start + size]


def tls(rng: Random, noise: Noise, *, bulk: bool = False) -> Talk:
    """TLS 1.3 (RFC 8446): hello with a server name, the server's flight, then records in both directions."""
    yield True, _client_hello(rng, noise)
    flight = _server_hello(noise) + b"\x14\x03\x03\x00\x01\x01" + _record(noise, 2600 + rng.randrange(1400))
    yield from ((False, flight[at : at + MSS]) for at in range(0, len(flight), MSS))
    yield True, b"\x14\x03\x03\x00\x01\x01" + _record(noise, 53)
    stream, at = noise.tls, 0
    while True:
        yield True, _record(noise, 40 + rng.randrange(600))
        for size in _response(rng, bulk=bulk):
            yield False, stream[at : at + size]
            at = at + size if at + size < len(stream) else 0


def http(rng: Random, noise: Noise, *, bulk: bool = False) -> Talk:
    """HTTP/1.1 (RFC 9112): requests, and pages or compressed bodies of the length that their header says."""
    host = _name(rng).encode()
    while True:
        path = b"/%d/page-%d.html" % (rng.randrange(100), rng.randrange(10_000))
        yield (
            True,
            b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
            b"Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
        )
        sizes = list(_response(rng, bulk=bulk))
        head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % sum(sizes)
        yield False, head
        for size in sizes:
            yield False, (_PAGE * (size // len(_PAGE) + 1))[:size] if size & 1 else noise.take(size)


def ssh(rng: Random, noise: Noise, *, bulk: bool = False) -> Talk:
    """SSH (RFC 4253): both banners, then key strokes and what they print."""
    yield True, b"SSH-2.0-OpenSSH_9.6\r\n"
    yield False, b"SSH-2.0-OpenSSH_9.2p1\r\n"
    while True:
        yield True, noise.take(34)
        yield False, noise.take(MSS if bulk else rng.choice((34, 34, 34, 34, 114, 250)))


def tunnel(rng: Random, noise: Noise, *, bulk: bool = False) -> Talk:
    """A proxy's tunnel, as of Shadowsocks or obfs4: random from the first byte, in the lengths of what it carries."""
    while True:
        yield True, noise.take(60 + rng.randrange(900))
        yield from ((False, noise.take(size)) for size in _response(rng, bulk=bulk))


def ssh_small(rng: Random, noise: Noise) -> Talk:
    """SSH of key strokes alone."""
    yield True, b"SSH-2.0-OpenSSH_9.6\r\n"
    yield False, b"SSH-2.0-OpenSSH_9.2p1\r\n"
    while True:
        yield True, noise.take(34)
        yield False, noise.take(rng.choice((18, 34)))


def mqtt_small(rng: Random, noise: Noise) -> Talk:
    """MQTT 3.1.1: CONNECT, CONNACK, then short PUBLISH messages of a sensor, acknowledged."""
    name = b"sensor-%04d" % rng.randrange(10_000)
    yield True, b"\x10\x17\x00\x04MQTT\x04\x02\x00\x3c\x00\x0b" + name
    yield False, b"\x20\x02\x00\x00"
    while True:
        ident = noise.take(2)
        value = b"%04d" % rng.randrange(10_000)
        yield (
            True,
            b"\x32" + bytes((4 + len(name) + len(value),)) + b"\x00\x04t/" + name[-2:] + ident + name[4:] + value,
        )
        yield False, b"\x40\x02" + ident


def opaque_small(rng: Random, noise: Noise) -> Talk:
    """A binary protocol of length, kind and body without a public name: what feeds, games, tunnels and tills send."""
    while True:
        for from_client in (True, False):
            body = noise.take(6 + rng.randrange(26))
            yield from_client, bytes((len(body), rng.randrange(8))) + body


def dns(rng: Random, noise: Noise) -> Talk:
    """DNS (RFC 1035): a query for an address, and its answer with two of them."""
    while True:
        ident = noise.take(2)
        question = b"".join(bytes((len(label),)) + label for label in _name(rng).encode().split(b".")) + b"\0\0\1\0\1"
        yield True, ident + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question
        answers = _A_RECORD + noise.take(4) + _A_RECORD + noise.take(4)
        yield False, ident + b"\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00" + question + answers


def dns_small(rng: Random, noise: Noise) -> Talk:
    """DNS with names and answers short enough for a frame of 100 bytes."""
    while True:
        ident = noise.take(2)
        question = b"\x04%04x\x07example\x03com\0\0\1\0\1" % rng.randrange(65_536)
        yield True, ident + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question
        answer = _A_RECORD + noise.take(4)
        yield False, ident + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + answer


def quic(rng: Random, noise: Noise) -> Talk:
    """QUIC version 1 (RFC 9000): padded Initial packets, then short headers."""
    ids = noise.take(8), noise.take(8)
    for from_client in (True, False):
        to, of = ids if from_client else ids[::-1]
        # No token, then the length of what follows: 1174 bytes make the datagram 1200.
        yield from_client, b"\xc3\x00\x00\x00\x01\x08" + to + b"\x08" + of + b"\x00\x44\x96" + noise.take(1174)
    while True:
        yield True, b"\x41" + ids[1] + noise.take(20 + rng.randrange(300))
        for _ in range(rng.randrange(1, 4)):
            yield False, b"\x42" + ids[0] + noise.take(1191 if rng.random() < 0.5 else 30 + rng.randrange(800))
        yield True, b"\x41" + ids[1] + noise.take(22)


def quic_small(rng: Random, noise: Noise) -> Talk:
    """QUIC short headers alone, as of connections that began before the capture and now idle."""
    ids = noise.take(8), noise.take(8)
    while True:
        yield True, b"\x41" + ids[1] + noise.take(16 + rng.randrange(30))
        yield False, b"\x42" + ids[0] + noise.take(16 + rng.randrange(30))


def rtp_small(rng: Random, noise: Noise) -> Talk:
    """RTP (RFC 3550) both ways, with 20 bytes of G.729 each."""
    sources = noise.take(4), noise.take(4)
    sequence, stamp = rng.randrange(32_768), rng.randrange(1 << 30)
    while True:
        sequence, stamp = sequence + 1 & 0xFFFF, stamp + 160
        head = struct.pack("!BBHI", 0x80, 18, sequence, stamp)
        yield True, head + sources[0] + noise.take(20)
        yield False, head + sources[1] + noise.take(20)


def ntp_small(rng: Random, noise: Noise) -> Talk:
    """NTP version 4 (RFC 5905): a client's request and the server's reply, 48 bytes each."""
    while True:
        yield True, b"\x23\x00\x06\xec" + bytes(36) + noise.take(8)
        yield False, bytes((0x24, rng.randrange(1, 4))) + b"\x06\xe8" + noise.take(44)


TCP_FULL: dict[Callable[..., Talk], int] = {tls: 443, http: 80, ssh: 22, tunnel: 8388}
"""The full talks over TCP, each with its server's port."""

SMALL: dict[Callable[..., Talk], tuple[int, bool, int]] = {
    opaque_small: (7001, True, 45),
    quic_small: (443, False, 35),
    ssh_small: (22, True, 5),
    mqtt_small: (1883, True, 3),
    dns_small: (53, False, 5),
    rtp_small: (16_384, False, 5),
    ntp_small: (123, False, 2),
}
"""The small talks, each with its server's port, whether it is TCP, and its share of the flows in percent."""


def _client_hello(rng: Random, noise: Noise) -> bytes:
    name = _name(rng).encode()
    extensions = b"".join(
        struct.pack("!HH", kind, len(body)) + body
        for kind, body in (
            (0, struct.pack("!HBH", len(name) + 3, 0, len(name)) + name),
            (10, bytes.fromhex("0006001d00170018")),  # groups
            (13, bytes.fromhex("00080403080404010805")),  # signature algorithms
            (16, b"\x00\x0c\x02h2\x08http/1.1"),
            (43, b"\x04\x03\x04\x03\x03"),  # versions 1.3 and 1.2
            (51, b"\x00\x24\x00\x1d\x00\x20" + noise.take(32)),  # key share
        )
    )
    suites = bytes.fromhex("0008130113021303c02f")
    body = b"\x03\x03" + noise.take(32) + b"\x20" + noise.take(32) + suites + b"\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    return _handshake(1, body)


def _server_hello(noise: Noise) -> bytes:
    versions, share = bytes.fromhex("002b00020304"), bytes.fromhex("00330024001d0020") + noise.take(32)
    suite = bytes.fromhex("130100")
    body = b"\x03\x03" + noise.take(32) + b"\x20" + noise.take(32) + suite
    return _handshake(2, body + struct.pack("!H", len(versions + share)) + versions + share)


def _handshake(kind: int, body: bytes) -> bytes:
    return struct.pack("!BHHI", 22, 0x0303, len(body) + 4, kind << 24 | len(body)) + body


def _response(rng: Random, *, bulk: bool) -> Iterator[int]:
    full = 12 if bulk else int(rng.expovariate(1.3))
    yield from (MSS for _ in range(min(full, 60)))
    yield 60 + rng.randrange(MSS - 60)


def _record(noise: Noise, size: int) -> bytes:
    return struct.pack("!BHH", 23, 0x0303, size) + noise.take(size)


def _records(rng: Random, size: int) -> bytes:
    records: list[bytes] = []
    left = size
    while left > 0:
        length = min(rng.randrange(400, 16_385), left)
        records.append(struct.pack("!BHH", 23, 0x0303, length) + rng.randbytes(length))
        left -= length
    return b"".join(records)


def _name(rng: Random) -> str:
    return f"{rng.choice(_SITES)}{rng.randrange(500)}.{rng.choice(_DOMAINS)}"
