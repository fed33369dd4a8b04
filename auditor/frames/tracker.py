# SPDX-License-Identifier: GPL-2.0-or-later
"""Says in words what a tracker's datagram (BEP 15) or an HTTP announce (BEP 3) says; never a key or a passkey."""

from __future__ import annotations

import re
import struct
from urllib.parse import unquote_to_bytes

from auditor.frames.redacting import BLANK

CONNECT_REQUEST = struct.pack("!QI", 0x41727101980, 0)
ANNOUNCE_REQUEST = struct.Struct("!QII20s20sQQQIIIiH")
"""Connection, action, transaction, infohash, peer id, downloaded, left, uploaded, event, address, key, wanted, port."""
_EVENTS = ("", ", completed", ", started", ", stopped")
_CONNECT, _ANNOUNCE, _SCRAPE, _ERROR = range(4)
_REQUEST_HEAD = 16
_MOST_NAMED = 4
"""Infohashes of one scrape that are named."""
_TARGET = re.compile(rb"GET \S*\?(\S*) HTTP/1\.[01]\r\n")
_COUNT = re.compile(rb"[0-9]{1,20}")
_WORD = re.compile(rb"[a-z]{1,16}")


def datagram(payload: bytes) -> list[str] | None:
    """Describe a datagram to or from a UDP tracker; ``None`` for any other.

    But for the request that begins a connection these are known by their shape alone: whether a frame is a tracker's is
    for the detector to know, which pairs it with that request.
    """
    if payload.startswith(CONNECT_REQUEST) and len(payload) == _REQUEST_HEAD:
        return ["UDP tracker: asks for a connection"]
    return _request(payload) or _reply(payload)


def http_announce(payload: bytes) -> str | None:
    """Say in one line what an HTTP announce claims; ``None`` for anything else."""
    asked = _TARGET.match(payload)
    if asked is None:
        return None
    parameters = dict(part.partition(b"=")[::2] for part in asked.group(1).split(b"&"))
    infohash = unquote_to_bytes(parameters.get(b"info_hash", b""))
    if len(infohash) != 20 or b"peer_id" not in parameters:
        return None
    words = [f"tracker announce, infohash {infohash.hex()}"]
    if _WORD.fullmatch(event := parameters.get(b"event", b"")):
        words.append(event.decode())
    counts = ((b"downloaded", "downloaded"), (b"uploaded", "uploaded"), (b"left", "left"))
    words += [f"{word} {count.decode()}" for key, word in counts if _COUNT.fullmatch(count := parameters.get(key, b""))]
    return ", ".join(words)


def _request(payload: bytes) -> list[str] | None:
    if len(payload) < _REQUEST_HEAD:
        return None
    action = int.from_bytes(payload[8:12])
    if action == _ANNOUNCE and len(payload) >= ANNOUNCE_REQUEST.size:
        _, _, _, infohash, peer_id, downloaded, left, uploaded, event, _, _, _, port = ANNOUNCE_REQUEST.unpack_from(
            payload
        )
        if event >= len(_EVENTS):
            return None
        shown = "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in peer_id)
        lines = [
            f"UDP tracker: announces infohash {infohash.hex()}{_EVENTS[event]}",
            f"peer id {peer_id.hex()} ({shown}), port {port}",
            f"claims downloaded {downloaded}, uploaded {uploaded}, left {left} bytes",
        ]
        return lines + ([f"options {BLANK}"] if len(payload) > ANNOUNCE_REQUEST.size else [])
    hashes = payload[_REQUEST_HEAD:]
    if action == _SCRAPE and hashes and len(hashes) % 20 == 0:
        named = [hashes[at : at + 20].hex() for at in range(0, len(hashes), 20)]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        return [f"UDP tracker: asks for the numbers of {', '.join(named[:_MOST_NAMED])}{more}"]
    return None


def _reply(payload: bytes) -> list[str] | None:
    if len(payload) < 8:
        return None
    action, rest = int.from_bytes(payload[:4]), payload[8:]
    if action == _CONNECT and len(rest) == 8:
        return ["UDP tracker: gives a connection"]
    if action == _ANNOUNCE and len(rest) >= 12:
        interval, leechers, seeders = struct.unpack_from("!III", rest)
        return [
            f"UDP tracker: answers an announce, again in {interval} s",
            f"{seeders} have everything, {leechers} do not; {len(rest) - 12} bytes of peers",
        ]
    if action == _SCRAPE and rest and len(rest) % 12 == 0:
        return [f"UDP tracker: gives the numbers of {len(rest) // 12} torrents"]
    if action == _ERROR:
        return [f"UDP tracker: refuses, text {BLANK}"]  # It may repeat a passkey.
    return None
