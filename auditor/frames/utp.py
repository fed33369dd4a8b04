# SPDX-License-Identifier: GPL-2.0-or-later
"""Says in words what a uTP packet is, and what it carries where that reads as the peer wire (BEP 29)."""

from __future__ import annotations

import struct

from auditor.frames.bittorrent import peer_wire

HEADER = struct.Struct("!BBHIIIHH")
"""Type and version, extension, connection, time, difference, window, sequence number, acknowledged."""
_KINDS = ("data", "end", "state", "reset", "SYN")
_VERSION = 1
_EXTENSIONS = 4
"""The most extensions of one packet; clients send one or two."""


def datagram(payload: bytes) -> list[str] | None:
    """Describe a uTP packet; ``None`` for what cannot be one."""
    if len(payload) < HEADER.size:
        return None
    first, extension, connection, _, _, window, sequence, acknowledged = HEADER.unpack_from(payload)
    kind, version = first >> 4, first & 0xF
    body = _body(payload, extension)
    if version != _VERSION or kind >= len(_KINDS) or body is None:
        return None
    line = f"uTP {_KINDS[kind]}, connection {connection}, seq {sequence}, ack {acknowledged}, window {window}"
    return [f"{line}, {len(body)} bytes", *(peer_wire(body) or [])]


def _body(payload: bytes, extension: int) -> bytes | None:
    """Return what follows the header and its chain of extensions."""
    at = HEADER.size
    for _ in range(_EXTENSIONS):
        if extension == 0:
            return payload[at:]
        if len(payload) < at + 2:
            return None
        extension, length = payload[at], payload[at + 1]
        at += 2 + length
        if at > len(payload):
            return None
    return payload[at:] if extension == 0 else None
