# SPDX-License-Identifier: GPL-2.0-or-later
"""The blocks of pcapng that the pipe to the engine needs (draft-ietf-opsawg-pcapng), in little-endian order.

``type u32 | length u32 | body, padded to 4 bytes | length u32``
"""

from __future__ import annotations

import struct

MAX_CAPTURED = 1 << 18
"""The most bytes that a frame may have captured: libpcap's own limit."""
_WHOLE = struct.Struct("<IIIIIII")


def section() -> bytes:
    """Begin a section: the interfaces described before are forgotten."""
    return _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(link: int, snap_length: int, resolution: int, offset: int) -> bytes:
    """Describe the section's next interface.

    ``resolution`` is the byte of ``if_tsresol``, ``offset`` the seconds of ``if_tsoffset``.
    """
    options = struct.pack("<HHB3xHHqHH", 9, 1, resolution, 14, 8, offset, 0, 0)
    return _block(1, struct.pack("<HHI", link, 0, snap_length) + options)


def enhanced(number: int, ticks: int, data: bytes, original: int) -> bytes:
    """Give one frame, captured on interface ``number`` after so many of its time units."""
    padding = -len(data) % 4
    length = 32 + len(data) + padding
    head = _WHOLE.pack(6, length, number, ticks >> 32 & 0xFFFFFFFF, ticks & 0xFFFFFFFF, len(data), original)
    return b"".join((head, data, bytes(padding), length.to_bytes(4, "little")))


def simple(data: bytes, original: int) -> bytes:
    """Give one frame without a time, captured on the section's first interface, whose snap length cut it."""
    return _block(3, struct.pack("<I", original) + data)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
