# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads pcap and pcapng, plain or compressed, with Scapy's readers, without losing what they let fall.

Scapy forgets where a section ends, ``if_tsoffset``, and whether a capture ended or broke off. Here the readers are
watched: every section, interface and frame comes out as an event with its numbers as they stand in the file.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from auditor.frames.pcapng import MAX_CAPTURED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_READ = 16 << 20
"""No block is read whole that claims to be longer: a length field that is garbage must not cost memory."""
_PCAP_MAGIC = {bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1")}
_PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
_GZIP_MAGIC = bytes.fromhex("1f8b")
_ZSTD_MAGIC = bytes.fromhex("28b52ffd")


class NotACaptureError(ValueError):
    """The file does not begin like a capture; the text says at which offset and what was expected."""


class Section(NamedTuple):
    """A pcapng section begins, or a pcap file."""


@dataclass(frozen=True, slots=True)
class Interface:
    """Where and how the frames that name it were captured."""

    link: int
    snap_length: int
    resolution: int
    """The byte of ``if_tsresol``: the negative power of ten, or of two with the high bit set."""
    offset: int
    """Seconds to add to every time."""

    def nanoseconds(self, ticks: int) -> int:
        """Turn a count of this interface's units into nanoseconds since the epoch."""
        power = self.resolution & 0x7F
        unit = 1 << power if self.resolution & 0x80 else 10**power
        return ticks * 1_000_000_000 // unit + self.offset * 1_000_000_000


class Captured(NamedTuple):
    """One frame."""

    interface: int
    """Its number within the section."""
    ticks: int | None
    """In units of the interface; ``None`` for a simple packet, which has no time."""
    data: bytes
    original: int
    """Bytes that it had on the wire."""


Event = Section | Interface | Captured


class Capture:
    """One capture read from front to back; iterate over it once.

    Raises:
        NotACaptureError: while it is made, if the file is none.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.broken: str | None = None
        """After iterating: why it ended before its end, if it did."""
        self._tape = _Tape(_decompressed(_Tape(file)))
        head = self._tape.peek(24)
        if head[:4] in _PCAP_MAGIC:
            if len(head) < 24:
                raise NotACaptureError(f"offset {len(head)}: expected a whole pcap file header, found the end")
            self._open(RawPcapReader)
            self._read = self._pcap
        elif head[:4] == _PCAPNG_MAGIC:
            self._open(_SectionReader)
            self._read = self._pcapng
        elif self._tape.failed:
            raise NotACaptureError(f"offset 0: expected sound compressed data: {self._tape.failed}")
        else:
            found = head[:4].hex() or "the end"
            raise NotACaptureError(
                f"offset 0: expected a pcap or pcapng magic number, gzip or zstd data, found {found}"
            )

    def __iter__(self) -> Iterator[Event]:
        """Yield what the capture holds, in its order, up to its end or the first byte that makes no sense."""
        try:
            yield from self._read()
        except MemoryError:
            self.broken = f"offset {self._tape.mark}: a record too large to read"
            return
        except (EOFError, OSError, OverflowError, Scapy_Exception, struct.error, ValueError, zlib.error) as problem:
            self._tape.failed = self._tape.failed or str(problem)
        if self._tape.failed or self._tape.offset != self._tape.mark:
            reason = self._tape.failed or "a record that is cut short or malformed"
            self.broken = f"offset {self._tape.mark}: {reason}"

    def _open(self, kind: Any) -> None:  # noqa: ANN401 - Scapy and the file classes have no common type
        try:
            self._reader = kind(self._tape)
        except (Scapy_Exception, EOFError, OSError, OverflowError, zlib.error) as problem:
            place = self._tape.offset
            raise NotACaptureError(f"offset {place}: expected a whole section or file header: {problem}") from problem

    def _pcap(self) -> Iterator[Event]:
        reader = self._reader
        yield Section()
        yield Interface(reader.linktype & 0xFFFF, reader.snaplen, 9 if reader.nano else 6, 0)
        per_second = 1_000_000_000 if reader.nano else 1_000_000
        self._tape.here()
        while True:
            data, record = reader._read_packet(MAX_CAPTURED)  # noqa: SLF001 - the iterator hides how it ended
            if record.caplen > MAX_CAPTURED or self._tape.short:
                return
            self._tape.here()
            yield Captured(0, record.sec * per_second + record.usec, data, max(record.wirelen, len(data)))

    def _pcapng(self) -> Iterator[Event]:
        yield from self._reader.taken()
        self._tape.here()
        while True:
            frame = self._reader._read_block(MAX_CAPTURED)  # noqa: SLF001 - the iterator hides how it ended
            self._tape.here()
            yield from self._reader.taken()
            if frame is not None:
                yield Captured(*frame)


class _SectionReader(RawPcapNgReader):  # type: ignore[misc]  # Scapy is not followed by mypy
    """Scapy's pcapng reader, telling of sections and interfaces, with the numbers that it leaves out."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - Scapy and the file classes have no common type
        self._events: list[Event] = []
        super().__init__(*args)

    def taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _read_block_shb(self) -> None:
        super()._read_block_shb()
        self.interfaces: list[Any] = []
        self._events.append(Section())

    def _read_block_idb(self, block: bytes, size: int) -> None:
        super()._read_block_idb(block, size)
        link, snap_length, _ = self.interfaces[-1]
        options = self._read_options(block[8:])
        resolution, offset = options.get(9, b"\x06"), options.get(14, bytes(8))
        self._events.append(
            Interface(
                link,
                snap_length,
                resolution[0] if len(resolution) == 1 else 6,
                struct.unpack(self.endian + "q", offset)[0] if len(offset) == 8 else 0,
            )
        )

    def _read_block_epb(self, block: bytes, size: int) -> Captured | None:
        return self._numbered(super()._read_block_epb(block, size), "I", block)

    def _read_block_pkt(self, block: bytes, size: int) -> Captured | None:
        return self._numbered(super()._read_block_pkt(block, size), "H", block)

    def _read_block_spb(self, block: bytes, _size: int) -> Captured | None:
        # Scapy takes a snap length of zero, which means no limit, for a limit of zero.
        if not self.interfaces:
            raise EOFError("expected an interface described before the first packet")
        (original,) = struct.unpack(self.endian + "I", block[:4])
        limit = self.interfaces[0][1] or original
        return Captured(0, None, block[4:][: min(original, limit)], original)

    def _numbered(self, read: Any, number: str, block: bytes) -> Captured:  # noqa: ANN401 - Scapy and the file classes have no common type
        if read is None:
            raise EOFError("expected the number of an interface described before")
        data, of = read
        (captured,) = struct.unpack_from(self.endian + "I", block, 12)
        if captured != len(data):
            raise EOFError("expected captured bytes that fit their pcapng block")
        (interface,) = struct.unpack_from(self.endian + number, block)
        return Captured(interface, of.tshigh << 32 | of.tslow, data, max(of.wirelen, len(data)))


class _Tape:
    """A file that remembers how far it was read, and how a read failed."""

    name = "capture"

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - Scapy and the file classes have no common type
        self._file = file
        self._ahead = b""
        self.offset = 0
        self.mark = 0
        """Everything before it was understood."""
        self.short = False
        """The last read gave less than was asked for."""
        self.failed: str | None = None

    def peek(self, size: int) -> bytes:
        """Look at the next bytes without passing them."""
        self._ahead += self._fill(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or what is left."""
        if size > MAX_READ:
            self.failed = f"a length of {size} bytes, more than any block has"
            raise EOFError(self.failed)
        data = self._ahead[:size]
        self._ahead = self._ahead[size:]
        if len(data) < size:
            data += self._fill(size - len(data))
        self.offset += len(data)
        self.short = len(data) < size
        return data

    def here(self) -> None:
        """Note that everything up to here was understood."""
        self.mark = self.offset

    def _fill(self, size: int) -> bytes:
        try:
            return bytes(self._file.read(size))
        except (EOFError, OSError, ValueError, zlib.error) as problem:
            self.failed = str(problem) or "the compressed data ends too early"
            return b""


def _decompressed(tape: _Tape) -> Any:  # noqa: ANN401 - Scapy and the file classes have no common type
    head = tape.peek(4)
    if head.startswith(_GZIP_MAGIC):
        return gzip.GzipFile(fileobj=tape)  # type: ignore[call-overload]  # it only reads
    if head == _ZSTD_MAGIC:
        return _zstd().ZstdFile(tape)
    return tape


def _zstd() -> Any:  # noqa: ANN401 - Scapy and the file classes have no common type
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - for compressed captures only
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415 - for compressed captures only
        except ImportError as problem:
            raise NotACaptureError(
                "offset 0: this is zstd data, which Python reads from 3.14 on: run `pip install backports.zstd`, "
                "decompress it first, or use --source native"
            ) from problem
    return zstd
