"""Slices of frames as a capture that Wireshark opens (draft-ietf-opsawg-pcapng), in little-endian order.

``type u32 | length u32 | body, padded to 4 bytes | length u32``: a section header, an interface for each link type, and
an enhanced packet for each slice.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from auditor.model.watch import Slice

MAX_SLICES = 64
"""Slices that a record keeps."""
MAX_SLICE = 1024
"""Bytes of a frame that a slice keeps."""
_SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
_INTERFACE, _ENHANCED = 1, 6
_PACKET = struct.Struct("<IIIII")
"""Interface, time in two halves, and the bytes that are here and that were on the wire."""
_NANOSECONDS = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
"""The options ``if_tsresol``, 10^-9, and the end of options."""


class _Packet(NamedTuple):
    """What is written of a slice, in the order in which captures are sorted."""

    time: int
    link: int
    wire_len: int
    data: bytes


def capture(slices: Iterable[Slice]) -> bytes:
    """Write slices as a capture, in order of time; beyond what a record keeps, the latest are left out."""
    ordered = sorted(slices, key=lambda each: (each.time, each.frame))[:MAX_SLICES]
    return _written(
        [
            _Packet(each.time, each.link, max(each.wire_len, len(each.data[:MAX_SLICE])), each.data[:MAX_SLICE])
            for each in ordered
        ]
    )


def together(captures: Iterable[bytes]) -> bytes:
    """Make one capture of several that were written here: each frame once, in order of time."""
    return _written(sorted({packet for content in captures for packet in _read(content)}))


def _read(content: bytes) -> Iterator[_Packet]:
    links: list[int] = []
    place = 0
    while place < len(content):
        kind, length = struct.unpack_from("<II", content, place)
        if kind == _INTERFACE:
            links.append(struct.unpack_from("<H", content, place + 8)[0])
        elif kind == _ENHANCED:
            interface, high, low, captured, wire_len = _PACKET.unpack_from(content, place + 8)
            begin = place + 8 + _PACKET.size
            yield _Packet(high << 32 | low, links[interface], wire_len, content[begin : begin + captured])
        place += length


def _written(packets: Sequence[_Packet]) -> bytes:
    links = {link: number for number, link in enumerate(dict.fromkeys(packet.link for packet in packets))}
    blocks = [_SECTION]
    blocks += [_block(_INTERFACE, struct.pack("<HHI", link, 0, 0) + _NANOSECONDS) for link in links]
    for packet in packets:
        high, low = divmod(packet.time, 1 << 32)
        head = _PACKET.pack(links[packet.link], high, low, len(packet.data), packet.wire_len)
        blocks.append(_block(_ENHANCED, head + packet.data))
    return b"".join(blocks)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
