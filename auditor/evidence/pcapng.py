"""Slices of frames as a capture that Wireshark opens (draft-ietf-opsawg-pcapng), in little-endian order.

``type u32 | length u32 | body, padded to 4 bytes | length u32``: a section header, an interface for each link type, and
an enhanced packet for each slice. Captures written one after the other are one capture with several sections.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.watch import Slice

MAX_SLICES = 64
"""Slices that a record keeps."""
MAX_SLICE = 1024
"""Bytes of a frame that a slice keeps."""
_SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
_NANOSECONDS = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
"""The options ``if_tsresol``, 10^-9, and the end of options."""


def capture(slices: Iterable[Slice]) -> bytes:
    """Write slices as a capture, in order of time; beyond what a record keeps, the latest are left out."""
    ordered = sorted(slices, key=lambda each: (each.time, each.frame))[:MAX_SLICES]
    links = {link: number for number, link in enumerate(dict.fromkeys(each.link for each in ordered))}
    blocks = [_SECTION]
    blocks += [_block(1, struct.pack("<HHI", link, 0, 0) + _NANOSECONDS) for link in links]
    blocks += [_packet(links[each.link], each) for each in ordered]
    return b"".join(blocks)


def _packet(interface: int, each: Slice) -> bytes:
    data = each.data[:MAX_SLICE]
    high, low = divmod(each.time, 1 << 32)
    head = struct.pack("<IIIII", interface, high, low, len(data), max(each.wire_len, len(data)))
    return _block(6, head + data)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
