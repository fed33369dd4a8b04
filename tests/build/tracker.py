"""Trackers' requests and answers: UDP (BEP 15), HTTP (BEP 3, 23), WebSocket."""

from __future__ import annotations

import gzip
import json
import struct
from ipaddress import IPv4Address
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from tests.build.bittorrent import bencode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAGIC = 0x41727101980


def connect_request(tid: int = 1) -> bytes:
    """Ask for a connection."""
    return struct.pack("!QII", MAGIC, 0, tid)


def connect_reply(connection: int, tid: int = 1) -> bytes:
    """Give one."""
    return struct.pack("!IIQ", 0, tid, connection)


def announce_request(
    connection: int,
    infohash: bytes,
    peer_id: bytes,
    *,
    downloaded: int = 0,
    left: int = 0,
    uploaded: int = 0,
    event: int = 2,
    key: int = 0,
    tid: int = 2,
) -> bytes:
    """Tell that the sender takes part; ``event``: 0 none, 1 completed, 2 started, 3 stopped."""
    head = struct.pack("!QII", connection, 1, tid)
    claims = struct.pack("!QQQ", downloaded, left, uploaded)
    return head + infohash + peer_id + claims + struct.pack("!IIIiH", event, 0, key, -1, 6881)


def announce_reply(peers: Sequence[tuple[str, int]], tid: int = 2) -> bytes:
    """Answer an announce with so many peers: two lack something, five do not."""
    return struct.pack("!IIIII", 1, tid, 1800, 2, 5) + compact(peers)


def scrape_request(connection: int, infohashes: Sequence[bytes], tid: int = 3) -> bytes:
    """Ask for the numbers of torrents."""
    return struct.pack("!QII", connection, 2, tid) + b"".join(infohashes)


def scrape_reply(count: int, tid: int = 3) -> bytes:
    """Answer with the numbers of so many."""
    return struct.pack("!II", 2, tid) + struct.pack("!III", 5, 100, 2) * count


def compact(peers: Sequence[tuple[str, int]]) -> bytes:
    """Write peers as six bytes each (BEP 23)."""
    return b"".join(IPv4Address(ip).packed + port.to_bytes(2) for ip, port in peers)


def http_announce(
    infohash: bytes, peer_id: bytes, *, event: str = "", left: int = 0, uploaded: int = 0, path: str = "/announce"
) -> bytes:
    """Tell an HTTP tracker that the sender takes part."""
    query = f"info_hash={quote_from_bytes(infohash, safe='')}&peer_id={quote_from_bytes(peer_id, safe='')}&port=6881"
    query += f"&uploaded={uploaded}&downloaded=0&left={left}&key=DEADBEEF&compact=1" + (f"&event={event}" * bool(event))
    return http_get(f"{path}?{query}")


def http_get(target: str, host: str = "tracker.example") -> bytes:
    """Ask for something over HTTP."""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: qBittorrent/4.5.2\r\n\r\n".encode()


def http_reply(body: bytes, kind: str = "text/plain", *, packed: bool = False, chunk: int = 0) -> bytes:
    """Answer over HTTP, compressed or not, in chunks of so many bytes or whole (RFC 9112 §7.1)."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n" + "Content-Encoding: gzip\r\n" * packed
    body = gzip.compress(body, mtime=0) if packed else body
    if not chunk:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks


def http_announce_reply(peers: Sequence[tuple[str, int]], external_ip: str | None = None) -> bytes:
    """Answer an announce over HTTP, with the client's address as the tracker sees it (BEP 24)."""
    told: dict[bytes, bytes | int] = {b"interval": 1800, b"complete": 5, b"incomplete": 2, b"peers": compact(peers)}
    if external_ip is not None:
        told[b"external ip"] = IPv4Address(external_ip).packed
    return http_reply(bencode(told))


def websocket_upgrade() -> tuple[bytes, bytes]:
    """Turn an HTTP connection into a WebSocket (RFC 6455 §1.3); returns request and answer."""
    head = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    return (
        b"GET / HTTP/1.1\r\nHost: tracker.example\r\n"
        + head
        + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n" + head + b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )


def websocket_text(message: Mapping[str, object], mask: bytes = b"") -> bytes:
    """Frame a message (RFC 6455 §5.2); clients mask."""
    data = json.dumps(message, ensure_ascii=False).encode()
    masked = 0x80 if mask else 0
    short = len(data) < 0x7E
    length = bytes([masked | len(data)]) if short else struct.pack("!BH", masked | 0x7E, len(data))
    head = b"\x81" + length
    return head + mask + bytes(byte ^ mask[at % 4] if mask else byte for at, byte in enumerate(data))
