"""Capture files: pcap in its four spellings, pcapng block by block (draft-ietf-opsawg-pcap, -pcapng)."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.build.frames import Frame

Endian = Literal["<", ">"]

ETHERNET, PPP, RAW_IP, LOOP, SLL, SLL2, NULL = 1, 9, 101, 108, 113, 276, 0
"""Link types (the registry of draft-ietf-opsawg-pcaplinktype) that tests use."""
SNAP_LENGTH = 262_144
_SECOND = 1_000_000_000


def pcap(
    frames: Iterable[Frame],
    *,
    link: int = ETHERNET,
    nano: bool = True,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> bytes:
    """Make a pcap file; frames longer than ``snap_length`` are cut, and their original length stays on record."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    parts = [struct.pack(endian + "IHHiIII", magic, 2, 4, 0, 0, snap_length, link)]
    for time, data in frames:
        kept = data[:snap_length]
        head = struct.pack(endian + "IIII", time // _SECOND, time % _SECOND // unit, len(kept), len(data))
        parts += (head, kept)
    return b"".join(parts)


def pcapng(
    frames: Iterable[Frame],
    *,
    link: int = ETHERNET,
    resolution: int = 9,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> bytes:
    """Make a pcapng file of one section and one interface, its timestamps in units of 10 to the -``resolution`` s.

    For several sections or interfaces, join `section`, `interface`, `enhanced`, `simple` and `obsolete`.
    """
    parts = [section(endian), interface(link, resolution=resolution, endian=endian, snap_length=snap_length)]
    parts += [enhanced(frame, resolution=resolution, endian=endian, snap_length=snap_length) for frame in frames]
    return b"".join(parts)


def section(endian: Endian = "<") -> bytes:
    """Make a section header block; what follows it is in this byte order."""
    return block(0x0A0D0D0A, struct.pack(endian + "IHHq", 0x1A2B3C4D, 1, 0, -1), endian)


def interface(
    link: int = ETHERNET,
    *,
    resolution: int | None = 9,
    offset: int | None = None,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> bytes:
    """Make an interface description block.

    ``resolution`` is the byte of ``if_tsresol`` (``0x80 | n`` for powers of two), ``offset`` that of ``if_tsoffset`` in
    seconds; ``None`` leaves the option out.
    """
    options = b""
    if resolution is not None:
        options += struct.pack(endian + "HHB3x", 9, 1, resolution)
    if offset is not None:
        options += struct.pack(endian + "HHq", 14, 8, offset)
    if options:
        options += bytes(4)
    return block(1, struct.pack(endian + "HHI", link, 0, snap_length) + options, endian)


def enhanced(
    frame: Frame,
    interface_id: int = 0,
    *,
    resolution: int = 9,
    offset: int = 0,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> bytes:
    """Make an enhanced packet block, in the units of its interface."""
    ticks = _ticks(frame.time - offset * _SECOND, resolution)
    kept = frame.data[:snap_length]
    head = struct.pack(endian + "IIIII", interface_id, ticks >> 32, ticks & 0xFFFFFFFF, len(kept), len(frame.data))
    return block(6, head + kept, endian)


def simple(frame: Frame, *, endian: Endian = "<", snap_length: int = SNAP_LENGTH) -> bytes:
    """Make a simple packet block: it has no time and belongs to the first interface, whose snap length cuts it."""
    return block(3, struct.pack(endian + "I", len(frame.data)) + frame.data[:snap_length], endian)


def obsolete(frame: Frame, interface_id: int = 0, *, resolution: int = 9, endian: Endian = "<") -> bytes:
    """Make a packet block as Wireshark wrote them before the enhanced ones."""
    ticks = _ticks(frame.time, resolution)
    length = len(frame.data)
    head = struct.pack(endian + "HHIIII", interface_id, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF, length, length)
    return block(2, head + frame.data, endian)


def block(kind: int, body: bytes, endian: Endian = "<") -> bytes:
    """Make one block: type, length, body padded to four bytes, length again."""
    body += bytes(-len(body) % 4)
    length = struct.pack(endian + "I", len(body) + 12)
    return struct.pack(endian + "I", kind) + length + body + length


def write_pcap(
    path: Path,
    frames: Iterable[Frame],
    link: int = ETHERNET,
    *,
    nano: bool = True,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> Path:
    """Write `pcap` to ``path``, compressed if that ends in ``.gz``; return the path."""
    return _write(path, pcap(frames, link=link, nano=nano, endian=endian, snap_length=snap_length))


def write_pcapng(
    path: Path,
    frames: Iterable[Frame],
    link: int = ETHERNET,
    *,
    resolution: int = 9,
    endian: Endian = "<",
    snap_length: int = SNAP_LENGTH,
) -> Path:
    """Write `pcapng` to ``path``, compressed if that ends in ``.gz``; return the path."""
    content = pcapng(frames, link=link, resolution=resolution, endian=endian, snap_length=snap_length)
    return _write(path, content)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def _ticks(time: int, resolution: int) -> int:
    per_second: int = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    return time * per_second // _SECOND
