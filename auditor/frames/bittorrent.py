# SPDX-License-Identifier: GPL-2.0-or-later
"""Says in words what a payload is: a peer-wire handshake or messages (BEP 3, 6, 10, 52), a KRPC datagram (BEP 5)."""

from __future__ import annotations

import struct
from typing import Any

from auditor.frames.redacting import harmless

HANDSHAKE = b"\x13BitTorrent protocol"
MAX_MESSAGES = 12
"""Messages of one segment that are named one by one."""
_MAX_LENGTH = 1 << 20
_MAX_DEPTH = 16
_NAMES = {
    0: ("choke", 0),
    1: ("unchoke", 0),
    2: ("interested", 0),
    3: ("not interested", 0),
    4: ("have", 4),
    5: ("bitfield", None),
    6: ("request", 12),
    7: ("piece", None),
    8: ("cancel", 12),
    9: ("port", 2),
    13: ("suggest", 4),
    14: ("have all", 0),
    15: ("have none", 0),
    16: ("reject", 12),
    17: ("allowed fast", 4),
    20: ("extended", None),
    21: ("hash request", 48),
    22: ("hashes", None),
    23: ("hash reject", 48),
}
_OFFERS = ((5, 0x10, "extensions"), (7, 0x01, "DHT"), (7, 0x04, "fast"), (7, 0x10, "v2 upgrade"))


def peer_wire(payload: bytes) -> list[str] | None:
    """Describe a TCP payload that begins with a handshake, or reads as messages; ``None`` for any other."""
    if not payload.startswith(HANDSHAKE):
        return _messages(payload)
    if len(payload) < 48:
        return ["the beginning of a BitTorrent handshake"]
    reserved, infohash, peer_id = payload[20:28], payload[28:48], payload[48:68]
    offers = ", ".join(name for at, bit, name in _OFFERS if reserved[at] & bit) or "nothing"
    lines = [
        f"BitTorrent handshake, infohash {infohash.hex()}",
        f"peer id {peer_id.hex()} ({_printable(peer_id)})" if len(peer_id) == 20 else "peer id not in this segment",
        f"offers {offers}",
    ]
    return lines + (_messages(payload[68:]) or [])


def krpc(payload: bytes) -> list[str] | None:
    """Describe a UDP payload that is one KRPC message; ``None`` for any other."""
    if not payload.startswith(b"d") or not payload.endswith(b"e"):
        return None
    try:
        message, end = _bdecode(payload, 0, _MAX_DEPTH)
    except (ValueError, IndexError):
        return None
    if end != len(payload) or message.get(b"y") not in {b"q", b"r", b"e"}:
        return None
    lines = [{b"q": _query, b"r": _reply, b"e": _error}[message[b"y"]](message)]
    for body in (message.get(b"a"), message.get(b"r")):
        if isinstance(body, dict):
            lines += _body(body)
    if isinstance(version := message.get(b"v"), bytes):
        lines.append(f"client {version[:4].hex()} ({_printable(version[:4])})")
    return lines


def _query(message: dict[bytes, Any]) -> str:
    method = message.get(b"q")
    return f"DHT query {harmless(method, 40) if isinstance(method, bytes) else '?'}"


def _reply(message: dict[bytes, Any]) -> str:
    return "DHT reply" + (", read-only node" if message.get(b"ro") == 1 else "")


def _error(message: dict[bytes, Any]) -> str:
    match message.get(b"e"):
        case [int(code), bytes(text), *_]:
            return f"DHT error {code}: {harmless(text, 80)}"
        case _:
            return "DHT error"


def _body(body: dict[bytes, Any]) -> list[str]:
    """Name what a query or reply carries, by the keys that tell who spoke of which torrent."""
    named = ((b"id", "node"), (b"target", "looks for"), (b"info_hash", "infohash"))
    lines = [f"{what} {value.hex()}" for key, what in named if isinstance(value := body.get(key), bytes)]
    if isinstance(port := body.get(b"port"), int):
        lines.append("listens on this port" if body.get(b"implied_port") == 1 else f"listens on port {port}")
    if isinstance(peers := body.get(b"values"), list):
        lines.append(f"names {len(peers)} peers")
    for key, size in ((b"nodes", 26), (b"nodes6", 38)):
        if isinstance(nodes := body.get(key), bytes):
            lines.append(f"names {len(nodes) // size} nodes ({key.decode()})")
    return lines


def _messages(payload: bytes) -> list[str] | None:
    """Describe a row of messages, if the payload reads as one from its first byte to its last; the last may be cut."""
    lines: list[str] = []
    at = 0
    while at < len(payload) and len(lines) < MAX_MESSAGES:
        if len(payload) - at < 5:
            return lines or None
        (length,) = struct.unpack_from("!I", payload, at)
        if length == 0:
            if lines[-1:] == ["keepalive"]:  # zeros within a file, not a row of messages
                return None
            lines.append("keepalive")
            at += 4
            continue
        name, size = _NAMES.get(payload[at + 4], (None, None))
        if name is None or length > _MAX_LENGTH or (size is not None and length != size + 1):
            return None
        lines.append(_message(name, length, payload[at + 5 : at + 4 + length]))
        at += 4 + length
    return lines or None


def _message(name: str, length: int, body: bytes) -> str:
    if name in {"request", "cancel", "reject"} and len(body) >= 12:
        return "{} piece {} from byte {}, {} bytes".format(name, *struct.unpack_from("!III", body))
    if name == "piece" and len(body) >= 8:
        index, begin = struct.unpack_from("!II", body)
        here = f", {len(body) - 8} of them in this segment" if len(body) < length - 1 else ""
        return f"piece {index} from byte {begin}, {length - 9} bytes{here}"
    if name in {"have", "suggest", "allowed fast"} and len(body) >= 4:
        return f"{name} piece {int.from_bytes(body[:4])}"
    return name if length == 1 else f"{name}, {length - 1} bytes"


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in data)


def _bdecode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """Decode the value that begins at ``at``; return it and where it ends."""
    if depth == 0:
        raise ValueError("too deep")
    match data[at : at + 1]:
        case b"i":
            end = data.index(b"e", at, at + 24)
            return int(data[at + 1 : end]), end + 1
        case b"l":
            items, at = [], at + 1
            while data[at] != ord("e"):
                item, at = _bdecode(data, at, depth - 1)
                items.append(item)
            return items, at + 1
        case b"d":
            entries, at = {}, at + 1
            while data[at] != ord("e"):
                key, at = _bdecode(data, at, depth - 1)
                if not isinstance(key, bytes):
                    raise ValueError("a key that is no string")  # noqa: TRY004 - of the input, not of a caller
                entries[key], at = _bdecode(data, at, depth - 1)
            return entries, at + 1
        case _:
            colon = data.index(b":", at, at + 8)
            end = colon + 1 + int(data[at:colon])
            if end > len(data) or end <= colon:
                raise ValueError("a string that is cut short")
            return data[colon + 1 : end], end
