#!/usr/bin/env python3
"""Writes first inputs for targets whose inputs chance would not find soon, from the tests' builders and samples.

From the top of the repository: ``PYTHONPATH=. auditor/native/fuzz/seeds.py``, then ``run minimise``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.build import End, Frame, get_peers, handshake, pcap, pcapng, piece, tcp_stream, udp_exchange
from tests.build.capture import Endian, enhanced, interface, obsolete, section, simple
from tests.build.torrent import Torrent, magnet_talk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"
CLIENT, SERVER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
INFOHASH, PEERS = b"\xaa" * 20, (b"-qB4520-aaaaaaaaaaaa", b"-TR4060-bbbbbbbbbbbb")
SLICE = 2048
"""Bytes taken of a sample."""

# Kinds of records and the bits of their fields, as src/scene.rs has them.
FRAME, SEGMENT, MESSAGE, DATAGRAM, KRPC, COPY, EXPIRE, OPEN = range(8)
CAPTURE, VANTAGE, MACS, VLAN10, VLAN20, TUNNEL = 0x08, 0x10, 0x20, 0x40, 0x80, 0xC0
FROM_NODE, NODE_INSIDE, IPV6, KEEP = 0x10, 0x20, 0x40, 0x80
SNAPPED, IN_TWO, TURNED = 0x10, 0x40, 0x80
MILLISECOND, SECOND, MINUTE, HOUR = 0x20, 0x40, 0x50, 0x70
BACK = 0x80
VLANS_PART, DHT_FLOWS, OURS = 1, 2, 4
PING, FIND_NODE, GET_PEERS, ANNOUNCE, REPLY, NODES, VALUES, ERROR = range(8)
FIN, ACK = 0x01, 0x10
TWO_BYTES = 126
"""Of a WebSocket frame: what stands for a length in the two bytes that follow."""


def talk() -> list[Frame]:
    """One BitTorrent connection and one DHT look-up, in few frames."""
    connection = tcp_stream(
        CLIENT,
        SERVER,
        [
            ("orig", handshake(INFOHASH, PEERS[0])),
            ("resp", handshake(INFOHASH, PEERS[1])),
            ("resp", piece(0, 0, bytes(64))),
        ],
    )
    return connection + udp_exchange(CLIENT, SERVER, [("orig", get_peers(PEERS[0], INFOHASH))])


def message(way: int, which: int, size: int, *, shift: int = 0, cut: int = 0, head: int = 0, time: int = 0) -> bytes:
    """Record one peer-wire message."""
    return bytes([MESSAGE | head, time, way, ACK, shift & 0xFF, cut, which, size])


def krpc(way: int, which: int, names: int, *, cut: int = 0, head: int = 0, time: int = MILLISECOND | 1) -> bytes:
    """Record one KRPC datagram."""
    return bytes([KRPC | head, time, way, cut, which, names])


def opened(way: int, *, head: int = 0, time: int = 0, generation: int = 0) -> bytes:
    """Record a SYN and its answer."""
    return bytes([OPEN | head, time, way, generation])


def scenes() -> Iterator[bytes]:
    """Scenes of the engine: each shows one thing that it must get right."""
    hello = opened(0) + message(0, 0, 1) + message(FROM_NODE, 0, 2)
    pieces = b"".join(message(FROM_NODE, 7, size, time=MILLISECOND | 1) for size in (1, 4, 20))
    wants = message(0, 6, 3) + message(0, 2, 0) + message(0, 3, 2)
    bye = bytes([SEGMENT, 0, 0, FIN | ACK, 0, 0, 0, SEGMENT, 0, FROM_NODE, FIN | ACK, 0, 0, 0])
    whole = hello + wants + pieces + bye
    yield bytes([VLANS_PART | OURS]) + whole
    for setup in (VLANS_PART | 0x08, OURS | 0x10, VLANS_PART | OURS | 0x18):
        yield bytes([setup]) + b"".join(
            opened(node << 1) + message(node << 1, 13, 3) + message(node << 1, 8, 1, shift=9) for node in range(8)
        )
    yield bytes([VLANS_PART]) + opened(IPV6) + message(IPV6, 13, 1) + message(IPV6 | FROM_NODE, 13, 2)
    for cut in (3, SNAPPED, IN_TWO, IN_TWO | TURNED):
        yield bytes([VLANS_PART]) + opened(0) + message(0, 13, 3, cut=cut) + message(FROM_NODE, 13, 9, cut=cut)
    for head in (VLAN10, TUNNEL, CAPTURE | VANTAGE, MACS):
        copy = bytes([COPY | VLAN20 | head, 0])
        yield bytes([VLANS_PART | OURS]) + opened(0, head=head) + message(0, 13, 3, head=head) + copy + pieces
    late = message(KEEP, 0, 1, shift=0) + message(0, 0, 1) + message(0, 4, 1, shift=20) + message(0, 6, 1, shift=-29)
    yield bytes([0]) + late
    again = opened(0) + message(0, 13, 3) + opened(0, time=SECOND | 2, generation=5) + message(0, 13, 4)
    yield bytes([VLANS_PART]) + again + bytes([EXPIRE, HOUR | 2]) + bye
    ask = b"".join(krpc(node << 1, GET_PEERS | 8 | node << 5, 0x12) for node in range(8))
    answer = b"".join(krpc(node << 1 | FROM_NODE, VALUES | node << 5, 0x21) for node in range(8))
    tell = krpc(0, ANNOUNCE | 0x10, 0x30) + krpc(FROM_NODE, REPLY, 1) + krpc(FROM_NODE, ERROR, 0)
    for setup in (VLANS_PART, VLANS_PART | DHT_FLOWS | OURS, OURS | DHT_FLOWS | 0x10):
        yield bytes([setup]) + ask + answer + tell + krpc(NODE_INSIDE, FIND_NODE, 9) + krpc(1, PING, 3)
    far = krpc(0, GET_PEERS, 0x10, time=HOUR | 4) + krpc(2, GET_PEERS, 0x11, head=MACS, time=HOUR | 4)
    yield bytes([VLANS_PART | OURS | DHT_FLOWS | 8]) + ask + far + far + bytes([EXPIRE, HOUR | 7]) + far
    yield (
        bytes([OURS])
        + krpc(0, NODES, 0, cut=2)
        + krpc(0, GET_PEERS, 0, cut=SNAPPED)
        + krpc(0, PING, 0, time=BACK | 0x13)
    )
    yield bytes([OURS, DATAGRAM, 0, 0, 0, 26]) + b"d1:eli0e0:e1:t0:1:y1:ee" + bytes(3)
    other = bytes([DATAGRAM, MINUTE | 2, 0, 0, 1, 0xFF])
    silent = krpc(0, GET_PEERS, 0) + other * 190
    yield bytes([OURS]) + silent + bytes([EXPIRE, 0]) + krpc(1, PING, 1) + krpc(0, GET_PEERS, 0) + krpc(2, PING, 0)
    yield bytes([OURS]) + silent + krpc(2, PING, 0) + krpc(0, GET_PEERS, 4) + krpc(FROM_NODE, VALUES, 0)
    raw = b"".join(struct.pack("!BBBH", FRAME, 0, 0, len(data)) + data for _, data in talk())
    yield bytes([VLANS_PART]) + raw
    torrent = Torrent({"a": b"a" * 40, "b": b"b" * 20}, piece_length=32)
    fetched = tcp_stream(CLIENT, SERVER, magnet_talk(torrent, given={1: bytes(28)}))
    yield bytes([OURS]) + b"".join(struct.pack("!BBBH", FRAME, 0, 0, len(data)) + data for _, data in fetched)


def streams() -> Iterator[bytes]:
    """Segments: what, time passed, place, length, bytes; see fuzz_targets/stream.rs."""
    segments = [
        struct.pack("!BBhB", 0x10, 1, at, 8) + bytes(range(at & 127, (at & 127) + 8)) for at in (0, 8, 24, 16, 12, 40)
    ]
    begin, guess, stop = b"\0\0", b"\1\0", b"\2\0"
    for isn in (0x8000, 0x7FF8):
        head = struct.pack("!HB", isn, 3)
        yield head + begin + b"".join(segments)
        yield head + b"".join(reversed(segments)) + guess + segments[1]
        yield head + segments[2] + begin + stop + b"".join(segments)
        yield head + begin + segments[2] + struct.pack("!BBhB", 0x11, 200, 60, 4) + b"late" + segments[0]
    yield (
        struct.pack("!HB", 0, 0)
        + begin
        + b"".join(struct.pack("!BBhB", 0x90, 0, at * 9, 4) + b"cut!" for at in range(9))
    )


def utp_packets() -> Iterator[bytes]:
    """Packets of one flow: what, way, time passed, number, and more; see fuzz_targets/utp_connections.rs."""
    syn, state, reset, stop, fin, data = range(6)
    resp, far = 8, 0x80
    asked, shown = 0x7E, 0x90

    def record(what: int, way: int, seq: int, payload: bytes | None = None, *, passed: int = 0) -> bytes:
        return struct.pack("!BBBH", what, way, passed, seq) + (
            b"" if payload is None else bytes([len(payload)]) + payload
        )

    opened = record(syn, 0, asked) + record(state, 0, shown) + bytes([asked])
    turned = record(state, 0, shown) + bytes([asked]) + record(data, resp, shown, b"early") + record(syn, 0, asked)
    talk = b"".join(
        record(data, way, first + at, bytes([at]) * 9)
        for at in (0, 2, 1, 1, 5, 4, 9)
        for way, first in ((0, asked + 1), (resp, shown))
    )
    late = record(data, 0, asked + 30, b"late", passed=200)
    bye = record(fin, 0, asked + 31, b"") + record(fin, resp, shown + 9, b"bye") + record(reset, 0, 0)
    for begin in (opened, turned):
        yield b"\xff" + begin + talk + late + bye
        yield b"\x10" + begin + record(stop, resp, 0) + talk
        yield b"\xff" + begin + b"".join(record(data, far, seq, b"far") for seq in range(9000, 9006)) + talk
    yield b"\xff" + opened + talk + record(syn, 0, 5) + record(data, far, 9000, b"new") + record(state, 0, 7) + b"\x05"
    yield b"\xff" + opened + record(0xA5, 0, asked + 1, b"cut") + record(data, 0, asked + 1, b"other length")
    yield b"\xff" + record(syn, 0, asked) + record(data, resp, shown - 2, b"x") + opened[5:] + talk


def stored(content: bytes) -> bytes:
    """Put ``content`` into a zstd frame of raw blocks (RFC 8878 §3.1.1), since Python 3.11 has no zstd of its own."""
    size = 1000
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    parts = [(len(block) << 3 | (block is blocks[-1])).to_bytes(3, "little") + block for block in blocks]
    return b"\x28\xb5\x2f\xfd\x00\x00" + b"".join(parts)


def captures() -> Iterator[bytes]:
    """Whole files: built, compressed, and the beginnings of samples."""
    frames = talk()[:5]
    plain = [
        pcap(frames),
        pcapng(frames),
        pcap(frames, nano=False, endian=">"),
        pcapng(frames, endian=">", resolution=6),
    ]
    yield from plain
    for capture in plain[:2]:
        yield gzip.compress(capture, mtime=0)
        yield stored(capture)
        yield gzip.compress(capture[:99], mtime=0) + gzip.compress(capture[99:], mtime=0)
    yield b"\x5f\x2a\x4d\x18\x04\0\0\0skip" + stored(plain[0])
    for name in ("handshake-qbittorrent.pcapng.zst", "raw-ip.pcap.gz"):
        yield (SAMPLES / name).read_bytes()[:SLICE]
    for sample in sorted(SAMPLES.glob("*.pcap*"), key=lambda path: path.stat().st_size)[:4]:
        yield sample.read_bytes()[:SLICE]


def records() -> Iterator[bytes]:
    """Records of pcap files behind the two choices that fuzz_targets/pcap.rs makes of a header."""
    for kind, nano, endian in ((8, False, "<"), (9, False, ">"), (10, True, "<"), (11, True, ">")):
        content = pcap(talk()[:4], nano=nano, endian="<" if endian == "<" else ">", snap_length=60)
        yield struct.pack("!BH", kind, 33) + content[24:]


def blocks() -> Iterator[bytes]:
    """Blocks of pcapng files as fuzz_targets/pcapng.rs takes them: kind, length and body, none over 255 bytes."""
    kinds = {1: 0, 6: 1, 3: 2, 2: 3, 0x0A0D0D0A: 4, 5: 5}
    frame = Frame(talk()[0].time, talk()[0].data[:60])
    orders: tuple[tuple[int, Endian], ...] = ((0, "<"), (1, ">"))
    for order, end in orders:
        packets = [enhanced(frame, endian=end), simple(frame, endian=end), obsolete(frame, endian=end)]
        described = [interface(endian=end), interface(113, resolution=0x8A, offset=-3, endian=end, snap_length=40)]
        several = [*described, *packets, enhanced(frame, 1, endian=end), section(end), described[1], packets[0]]
        body = b""
        for block in several:
            kind = struct.unpack(end + "I", block[:4])[0]
            body += bytes([kinds[kind], len(block) - 12]) + block[8:-4]
        yield struct.pack("!BH", order, 50) + body


def udp_trackers() -> Iterator[bytes]:
    """Datagrams, and talks as fuzz_targets/udp_tracker.rs takes them: who and what, a number, a length, the rest."""
    connect, given, announce, named, scrape, counted, refused = range(0, 14, 2)
    tracker = 1
    peer, peer6 = b"\xc0\0\x02\x01\x1a\xe1", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01\x1a\xe1"

    def talk(*records: tuple[int, int, bytes]) -> bytes:
        return b"".join(bytes([what, number, len(rest)]) + rest for what, number, rest in records)

    begin = ((connect, 0x10, b""), (given | tracker, 0x12, b""))
    url = b"\x01\x02\x09/announce\x02\x04?k=s\0"
    for family, peers in ((0, peer * 2 + b"\xc0"), (1, peer6)):
        asked = ((announce, 0x22, url), (announce, 0x36, b"\x02\x40"), (announce, 0x22, url), (announce, 0x26, b""))
        answers = ((named | tracker, 0x30, peers), (named | tracker, 0x20, peers), (refused | tracker, 0x20, b"no"))
        yield bytes([family]) + talk(*begin, *asked, *answers)
        yield bytes([family]) + talk(
            *begin, (scrape, 0x42, INFOHASH), (counted | tracker, 0x40, bytes(24)), (announce | 1, 0x22, b"")
        )
    head = struct.pack("!QII", 7, 1, 9)
    claims = struct.pack("!QQQIIIIH", 1, 2, 3, 2, 0, 4, 0xFFFFFFFF, 6881)
    yield head + INFOHASH + PEERS[0] + claims + url
    yield struct.pack("!IIIII", 1, 9, 1800, 2, 5) + peer


def ws_messages() -> Iterator[tuple[bool, bytes]]:
    """Messages of WebSocket trackers, and whether a client sends them."""
    ids = {"info_hash": INFOHASH.decode("latin-1"), "peer_id": PEERS[0].decode("latin-1")}
    amounts = {"uploaded": 1, "downloaded": 2, "left": None, "event": "started", "numwant": 1}
    offer = {"offer_id": "x" * 20, "offer": {"type": "offer", "sdp": "v=0\r\n"}}
    yield True, json.dumps({"action": "announce", **ids, **amounts, "offers": [offer]}).encode()
    yield True, json.dumps({"action": "announce", **ids, "left": 0, "event": "completed"}, ensure_ascii=False).encode()
    yield True, json.dumps({**ids, "to_peer_id": "x" * 20, "answer": {"sdp": "v=0"}}).encode()
    yield True, json.dumps({"action": "scrape", "info_hash": [ids["info_hash"], "b" * 20]}).encode()
    stated = {"interval": 120, "complete": 1, "incomplete": 2}
    yield False, json.dumps({"action": "announce", "info_hash": ids["info_hash"], **stated}).encode()
    yield False, json.dumps({"action": "announce", **ids, **offer}).encode()
    yield False, json.dumps({"action": "scrape", "files": {ids["info_hash"]: stated}}).encode()
    yield False, json.dumps({"failure reason": "no", "d": [1.5, -2e3, True, "\U0001f642"]}).encode()


def ws_frame(first: int, payload: bytes, *, masked: bool) -> bytes:
    """Put a payload into a WebSocket frame, whose key is zeros if it is masked."""
    mask = 0x80 if masked else 0
    length = len(payload)
    size = bytes([mask | length]) if length < TWO_BYTES else struct.pack("!BH", mask | TWO_BYTES, length)
    return bytes([first]) + size + bytes(4 if masked else 0) + payload


def websockets() -> Iterator[bytes]:
    """Heads, and what client and server send: the size of pieces, the client's length, both."""
    yield b"GET /?k=s HTTP/1.1\r\nCookie: s\r\nUpgrade: h2c, WebSocket\r\nSec-WebSocket-Key: a\r\n\r\n\x81"
    yield b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81"
    messages = [*ws_messages()]
    client = b"".join(ws_frame(0x81, text, masked=True) for asks, text in messages if asks)
    server = b"".join(ws_frame(0x81, text, masked=False) for asks, text in messages if not asks)
    first = messages[0][1]
    parts = (ws_frame(0x01, first[:50], masked=True), ws_frame(0x89, b"p", masked=True))
    parted = b"".join(parts) + ws_frame(0x80, first[50:], masked=True) + ws_frame(0x88, b"", masked=True)
    strange = ws_frame(0x81, b"{}", masked=True) * 9
    for step, asked in ((0, client), (6, parted), (200, strange), (3, ws_frame(0xC1, first, masked=True) + client)):
        yield struct.pack("!BH", step, len(asked)) + asked + server
    yield ws_frame(0x82, bytes(300), masked=False)


def obfuscated() -> Iterator[bytes]:
    """Segments of an obfuscated connection, as fuzz_targets/mse.rs takes them: end and kind, time, length, bytes."""
    orig, resp = 0, 1
    gap, literal, quoted, readable, wants, random = (kind << 1 for kind in (0, 1, 2, 3, 4, 5))

    def flights(*lengths: int) -> bytes:
        whole = enumerate(lengths)
        return b"".join(struct.pack("!BBH", random | number % 2 | number << 4, 3, size) for number, size in whole)

    def run(what: int, content: bytes = b"", size: int | None = None, time: int = 3) -> bytes:
        return struct.pack("!BBH", what, time, len(content) if size is None else size) + content

    talk = run(orig | wants, size=9) + run(resp | literal, piece(0, 0, bytes(40))) + run(orig | wants, size=2)
    for shape in ((307, 307, 124, 14), (200, 300, 90, 40, 68), (198, 424, 471, 240, 68), (350, 151, 300, 20)):
        begun = flights(*shape)
        yield begun + run(resp | random, size=1400) + run(orig | random, size=1400)
        yield begun + run(resp | readable, b"rest") + talk
        yield begun + run(resp | quoted, b"</pre>") + talk
        yield begun + run(orig | readable) + run(resp | quoted) + talk
        yield begun + run(resp | gap, size=9) + run(resp | readable) + talk
    yield flights(198, 424, 471, 240) + run(resp | readable, bytes(1300)) + talk
    yield flights(200, 300, 90, 40) + run(orig | random, size=60) + run(orig | random, size=8, time=200)
    for refused in (flights(95, 200), flights(200, 700), flights(200, 300, 20, 40), run(resp | random, size=200)):
        yield refused + talk
    yield run(orig | literal, b"GET / HTTP/1.1\r\n\r\n") + run(resp | readable) + talk


def happenings() -> Iterator[bytes]:
    """Events of hosts, as fuzz_targets/correlator.rs takes them: kind and flags, time passed, hosts, numbers."""
    learnt, attempt, listening, evidence, flow = range(5)
    incoming, slow = 8, 0x80

    def who(remote: int, host: int = 0) -> int:
        return host | remote << 2

    yield bytes([learnt, 0, who(1), 0, learnt, 4, who(1), 0x12, flow, 4, who(1), 0])
    yield bytes([attempt, 0, who(1), 1, flow, 8, who(1), 0, flow, 40, who(1), 4])
    yield bytes([evidence, 0, 0, 9]) + b"".join(bytes([flow, 99, who(remote), 0]) for remote in range(14))
    yield b"".join(bytes([flow, 9, who(remote), 4]) for remote in range(7)) * 2
    known = bytes([listening, 1, 0, 0, learnt, 1, who(2), 0, learnt, 1, who(2), 0x18])
    yield known + b"".join(bytes([flow | incoming, 9, who(remote), 4]) for remote in range(1, 9))
    named = b"".join(bytes([learnt, 1, who(remote), remote << 3 & 0x38]) for remote in range(1, 5))
    met = b"".join(bytes([flow, 9, who(remote), remote << 6 & 0x40]) for remote in range(1, 5))
    yield named + met + bytes([flow | slow, 255, who(1), 0]) * 9 + met
    yield named + bytes([learnt, 9, who(3, 1), 1]) + bytes([flow | 0x40, 9, who(1), 0, flow | 0x30, 1, who(1), 0])


def torrent_files() -> Iterator[bytes]:
    """Torrent files of version 1, 2 and both."""
    one = b"6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces20:" + INFOHASH
    two = b"9:file treed5:a.bind0:d6:lengthi5eeee12:meta versioni2e4:name5:a.bin12:piece lengthi16384e"
    both = b"9:file treede12:meta versioni2e4:name1:x12:piece lengthi1e6:pieces0:7:privatei1e"
    for info in (one, two, both):
        yield b"d8:announce9:udp://t/a4:infod" + info + b"e8:url-listl11:http://s/f/ee"
    yield b"d9:httpseedsl11:http://s/f/e4:infod" + one + b"e4:infodee"


def magnets() -> Iterator[bytes]:
    """Magnet links, alone and in a page."""
    link = b"magnet:?xt=urn:btih:" + b"416dc518fa482e72c6d2b9913f658b63aa1350f2"
    yield link + b"&dn=a%20b&tr=udp://t&x.pe=192.0.2.1:6881&ws=http://w/"
    yield b"magnet:?dn=x&amp;xt=urn:btih:IFW4KGH2JAXHFRWSXGIT6ZMLMOVBGUHS"
    yield b"magnet:?xt=urn:btmh:1220" + b"ab" * 32 + b"&xt.2=urn%3Abtih%3A" + b"ab" * 20
    yield b"<a href='" + link + b"'>magnet:?</a> " + link


def tracker_texts() -> Iterator[bytes]:
    """Targets of requests to HTTP trackers, and answers."""
    asked = b"info_hash=" + b"%aa" * 20
    claims = b"&uploaded=1&downloaded=2&left=3&event=started&compact=1&supportcrypto=1&ipv6=%5B%3A%3A1%5D:1&key=x"
    yield b"/k/announce?" + asked + b"&peer_id=" + PEERS[0] + b"&port=6881" + claims
    yield b"http://t/scrape?" + asked + b"&" + asked
    yield b"/seed?" + asked + b"&piece=3&ranges=0-1"
    yield b"d8:completei5e11:external ip4:\xcb\0\x71\x0710:incompletei2e8:intervali9e5:peers6:\xc0\0\x02\x01\x1a\xe1e"
    yield b"d8:intervali9e5:peersld2:ip9:192.0.2.14:porti6881eee6:peers618:" + bytes(18) + b"e"
    yield b"d5:filesd20:" + INFOHASH + b"d8:completei5e10:downloadedi9e10:incompletei1eeee"
    yield b"d14:failure reason2:noe"


def http_heads() -> Iterator[bytes]:
    """Heads, chunks and compressed bytes."""
    yield b"GET http://u:p@t/a?x=%41#f HTTP/1.1\r\nHost: t\r\nCookie: s\r\nRange: bytes=0-\r\n\r\n"
    yield b"POST / HTTP/1.0\nContent-Length: 5\nX:\n folded\nReferer: magnet:?x\n\nhello"
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nSet-Cookie: s\r\n\r\n"
    yield b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"
    yield b"4;e=1\r\nspam\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    yield gzip.compress(b"spam" * 20, mtime=0)
    yield zlib.compress(b"spam" * 20)


def http_talks() -> Iterator[bytes]:
    """Connections as fuzz_targets/http.rs takes them: who and what, a length, the bytes."""

    def record(end: int, content: bytes) -> bytes:
        sized = [content[at : at + 254] for at in range(0, len(content), 254)]
        return b"".join(bytes([end, len(part)]) + part for part in sized)

    def exchange(target: bytes, body: bytes, fields: bytes = b"") -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
        return record(0, b"GET " + target + b" HTTP/1.1\r\n\r\n") + record(1, head + fields + b"\r\n" + body)

    targets, answers = [*tracker_texts()][:3], [*tracker_texts()][3:]
    torrent, page = next(torrent_files()), [*magnets()][3]
    for body in (*answers, b"no"):
        yield b"".join(exchange(target, body) for target in targets)
    yield exchange(b"/x", torrent, b"Content-Type: application/x-bittorrent\r\n") + exchange(b"/y", torrent)
    yield exchange(b"/x", page, b"Content-Type: text/html\r\n") + exchange(
        b"/", b"", b"Location: " + page[9:70] + b"\r\n"
    )
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nd5:\r\n"
    yield record(0, b"GET " + targets[0] + b" HTTP/1.1\r\n\r\n") + record(1, chunks) + b"\3\2"
    packed = gzip.compress(answers[0], mtime=0)
    yield exchange(targets[0], packed, b"Content-Encoding: gzip\r\n") + b"\2\4" + exchange(b"/", b"")
    yield record(1, b"HTTP/1.0 200 OK\r\n\r\n" + torrent) + record(0, b"HEAD / HTTP/1.1\r\n\r\n")
    tunnel = record(0, b"CONNECT t:1 HTTP/1.1\r\n\r\n") + record(0, b"GET / HTTP/1.1\r\n\r\n")
    yield tunnel + record(1, b"HTTP/1.1 200 OK\r\n\r\nx") + record(0, b"x")
    yield tunnel + record(1, b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") + exchange(targets[0], answers[0])
    upgrade = record(0, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    yield exchange(b"/", b"") + upgrade + record(1, b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\nx")


def extension_messages() -> Iterator[bytes]:
    """Extended handshakes as clients send them, and the small messages."""
    yield (
        b"d12:complete_agoi-1e1:ei0e4:ipv44:\xc0\x00\x02\x014:ipv616:\xfe\x80" + bytes(14) + b"1:md11:lt_donthavei7e"
        b"10:share_modei8e11:upload_onlyi3e12:ut_holepunchi4e11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei43058e"
        b"1:pi6881e4:reqqi2000e11:upload_onlyi1e1:v18:libtorrent/2.1.1.06:yourip4:\xcb\x00\x71\x072:ypi51413ee"
    )
    yield b"d1:md6:ut_pexi0e11:ut_metadatai1eee"
    yield from (
        b"\0\0\xc0\0\x02\x01\x1a\xe1",
        b"\x01\x01" + bytes(15) + b"\x01\x1a\xe1",
        b"\x02\0\xc0\0\x02\x01\x1a\xe1\0\0\0\x04",
    )


def exchanges() -> Iterator[bytes]:
    """Bodies of PEX messages."""
    v4, v6 = b"\xc0\x00\x02\x01\x1a\xe1", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01\x1a\xe1"
    yield b"d5:added12:%b%b7:added.f2:\x13\x0c6:added618:%b8:added6.f1:\x027:dropped6:%be" % (v4, v4, v6, v4)
    yield b"d5:added7:%bx7:added.f0:8:dropped618:%be" % (v4, v6)


def metadata_messages() -> Iterator[bytes]:
    """Choices of blocks as fuzz_targets/metadata.rs takes them: torrent and source, block and change."""
    blocks = [bytes([1 | source << 2, piece]) for source, piece in ((0, 0), (1, 1), (2, 2))]
    yield b"".join(blocks)
    yield b"".join(reversed(blocks)) + bytes([0, 0, 2, 0])
    yield b"".join(bytes([1 | source << 2, piece | (source == 0) << 2]) for piece in range(3) for source in range(2))
    request = b"d8:msg_typei0e5:piecei0ee"
    yield bytes([0x40, len(request)]) + request


def info_dicts() -> Iterator[bytes]:
    """Info dicts of each version, small."""
    pieces, root = b"20:" + b"a" * 20, b"11:pieces root32:" + b"r" * 32
    yield b"d6:lengthi5e4:name5:a.bin12:piece lengthi16384e6:pieces%be" % pieces
    files = b"5:filesld6:lengthi5eed4:attr1:p6:lengthi11eed6:lengthi9eee"
    yield b"d%b12:piece lengthi32e6:pieces%b7:privatei1ee" % (files, pieces)
    tree = b"9:file treed1:ad0:d6:lengthi5e%bee1:bd1:cd0:d6:lengthi40000e%beee1:ed0:d6:lengthi0eeee" % (root, root)
    version = b"12:meta versioni2e12:piece lengthi16384e"
    yield b"d%b%be" % (tree, version)
    yield b"d%b6:lengthi5e%b6:pieces%be" % (tree, version, pieces)


def runs() -> Iterator[bytes]:
    """Runs of pieces as fuzz_targets/pieces.rs takes them: piece and scale, place, length."""
    block = 0xC0  # a length of 255 is then 16,320
    yield b"".join(struct.pack("!BHB", block, at * 16320, 255) for at in range(4))
    yield b"".join(struct.pack("!BHB", 1, at * 40, 40) for at in (2, 0, 3, 1))
    yield b"".join(struct.pack("!BHB", at % 11, at // 11 * 9, 9) for at in range(40))
    yield b"".join(struct.pack("!BHB", 2, at, 30) for at in (50, 10, 70, 40, 0, 20)) + struct.pack("!BHB", 2, 0, 0)
    yield b"".join(struct.pack("!BHB", block, 5 + at * 7000, 255) for at in range(9))


def hash_messages() -> Iterator[bytes]:
    """Bodies of messages of hashes whose proofs are right."""
    nodes = [bytes([byte]) * 32 for byte in range(4)]
    above = [hashlib.sha256(nodes[at] + nodes[at + 1]).digest() for at in (0, 2)]
    root = hashlib.sha256(above[0] + above[1]).digest()
    yield root + struct.pack("!4I", 0, 2, 2, 1) + nodes[2] + nodes[3] + above[0]
    yield root + struct.pack("!4I", 0, 0, 4, 1) + b"".join(nodes)


def write(target: str, seeds: Sequence[bytes]) -> None:
    """Put the seeds where `run` looks for inputs that are not committed yet."""
    folder = HERE / "target" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number:02}").write_bytes(seed)


if __name__ == "__main__":
    write("engine", [*scenes()])
    write("standing", [*scenes()])
    write("extended", [*extension_messages()])
    write("hashes", [*hash_messages()])
    write("info", [*info_dicts()])
    write("metadata", [*metadata_messages()])
    write("pex", [*exchanges()])
    write("pieces", [*runs()])
    write("stream", [*streams()])
    write("utp_connections", [*utp_packets()])
    write("mse", [*obfuscated()])
    write("correlator", [*happenings()])
    write("capture", [*captures()])
    write("pcap", [*records()])
    write("pcapng", [*blocks()])
    write("http", [*http_talks()])
    write("http_head", [*http_heads()])
    write("http_tracker", [*tracker_texts()])
    write("magnet", [*magnets()])
    write("torrent_file", [*torrent_files()])
    write("udp_tracker", [*udp_trackers()])
    write("websocket", [*websockets()])
    write("ws_tracker", [text for _, text in ws_messages()])
