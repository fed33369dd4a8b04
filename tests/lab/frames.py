"""Recorded frames: read from tcpdump's files, changed where a sample says so, written as pcap or pcapng.

Formats: pcap as in draft-ietf-opsawg-pcap, pcapng as in draft-ietf-opsawg-pcapng; both little-endian, nanoseconds.
"""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import LabError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

NANO = 1_000_000_000
ETHERNET, RAW_IP, COOKED_V2 = 1, 101, 276
"""Link types (LINKTYPE_*)."""
PCAP_MICRO, PCAP_NANO = 0xA1B2C3D4, 0xA1B23C4D
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
"""Block types of pcapng."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was recorded."""

    time: int
    """Nanoseconds since the epoch."""
    data: bytes
    length: int
    """On the wire; more than ``data`` where a snap length cut it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What one interface heard, in order of time."""

    interface: str
    linktype: int
    snaplen: int
    frames: tuple[Frame, ...]

    def mapped(self, change: Callable[[Frame], Frame | None], linktype: int | None = None) -> Recording:
        """Return it with ``change`` applied to every frame; frames for which it gives ``None`` are left out."""
        frames = tuple(changed for frame in self.frames if (changed := change(frame)))
        return replace(self, frames=frames, linktype=self.linktype if linktype is None else linktype)


def read_pcap(path: str | Path, interface: str) -> Recording:
    """Read a pcap file as tcpdump writes it on this machine.

    Raises:
        LabError: if it is not one.
    """
    content = Path(path).read_bytes()
    magic, snaplen, linktype = struct.unpack_from("<I12xII", content)
    if magic != PCAP_NANO:
        raise LabError(f"{path} is no little-endian nanosecond pcap")
    return Recording(interface, linktype, snaplen, tuple(_records(content)))


def _records(content: bytes) -> Iterator[Frame]:
    at = 24
    while at < len(content):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", content, at)
        at += 16
        yield Frame(seconds * NANO + fraction, content[at : at + captured], length)
        at += captured


def read_pcapng(path: Path) -> list[Recording]:
    """Read what :func:`pcapng` wrote: one recording an interface.

    Raises:
        LabError: if it is something else.
    """
    content = path.read_bytes()
    found: list[tuple[str, int, int, list[Frame]]] = []
    at = 0
    while at < len(content):
        kind, total = struct.unpack_from("<II", content, at)
        body = content[at + 8 : at + total - 4]
        if kind == INTERFACE:
            linktype, snaplen, _, size = struct.unpack_from("<H2xIHH", body)
            found.append((body[12 : 12 + size].decode(), linktype, snaplen, []))
        elif kind == PACKET:
            number, high, low, captured, length = struct.unpack_from("<IIIII", body)
            found[number][3].append(Frame(high << 32 | low, body[20 : 20 + captured], length))
        elif kind != SECTION or not total:
            raise LabError(f"{path} is no capture of this laboratory")
        at += total
    return [Recording(name, linktype, snaplen, tuple(frames)) for name, linktype, snaplen, frames in found]


def pcap(recording: Recording, *, nano: bool = False) -> bytes:
    """Serialise as pcap, in microseconds unless ``nano``."""
    header = struct.pack(
        "<IHHiIII", PCAP_NANO if nano else PCAP_MICRO, 2, 4, 0, 0, recording.snaplen, recording.linktype
    )
    parts = [header]
    for frame in recording.frames:
        seconds, fraction = divmod(frame.time, NANO)
        stamp = fraction if nano else fraction // 1000
        parts += [struct.pack("<IIII", seconds, stamp, len(frame.data), frame.length), frame.data]
    return b"".join(parts)


def pcapng(recordings: Sequence[Recording], comment: str) -> bytes:
    """Serialise as one pcapng section with an interface a recording, the frames of all merged by time."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(1, comment.encode()) + _option(0)
    parts = [_block(SECTION, section)]
    for recording in recordings:
        options = _option(2, recording.interface.encode()) + _option(9, b"\x09") + _option(0)
        parts.append(_block(INTERFACE, struct.pack("<HHI", recording.linktype, 0, recording.snaplen) + options))
    merged = sorted(
        ((frame.time, number, frame) for number, recording in enumerate(recordings) for frame in recording.frames),
        key=lambda entry: entry[:2],
    )
    for stamp, number, frame in merged:
        head = struct.pack("<IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(frame.data), frame.length)
        parts.append(_block(PACKET, head + frame.data))
    return b"".join(parts)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total


def _option(code: int, value: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def save(path: Path, recordings: Sequence[Recording], comment: str) -> None:
    """Write a capture file in the format and compression that its name ends with.

    Raises:
        LabError: if the name says no known format, or a pcap file would need to hold several interfaces.
    """
    kinds = path.suffixes
    if kinds[0] == ".pcapng":
        content = pcapng(recordings, comment)
    elif kinds[0] == ".pcap" and len(recordings) == 1:
        content = pcap(recordings[0])
    else:
        raise LabError(f"{len(recordings)} recording(s) cannot be written as {path.name}")
    if kinds[1:] == [".gz"]:
        content = gzip.compress(content, mtime=0)
    path.write_bytes(content)
    if kinds[1:] == [".zst"]:
        bare = path.with_suffix("")
        path.replace(bare)
        run("zstd", "-q", "-f", "-19", "--rm", str(bare), "-o", str(path))


def merged(recordings: Iterable[Recording]) -> Recording:
    """Return recordings of one link type as one, in order of time."""
    first, *others = recordings
    frames = [frame for recording in (first, *others) for frame in recording.frames]
    return replace(first, frames=tuple(sorted(frames, key=lambda frame: frame.time)))
