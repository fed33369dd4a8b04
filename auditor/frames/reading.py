# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads pcap and pcapng, plain or compressed, with Scapy's readers, without losing what they let fall.

Scapy forgets where a section ends, ``if_tsoffset``, and whether a capture ended or broke off. Here the readers are
watched: every section, interface and frame comes out as an event with its numbers as they stand in the file.
"""

from __future__ import annotations

import gzip
import struct
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
_MAGIC = "a pcap or pcapng magic number, gzip or zstd data"
_PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
_BYTE_ORDER_MAGIC = bytes.fromhex("1a2b3c4d")
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
        OSError: if the file cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.truncated = False
        """After iterating: whether it ended before its end."""
        self.error: str | None = None
        """With ``truncated``: where and why reading stopped, if bytes were still there."""
        self._raw = _Tape(file)
        self._tape = _decompressed(self._raw)
        head = self._tape.peek(24)
        if head[:4] in _PCAP_MAGIC:
            version = int.from_bytes(head[4:6], "big" if head[0] == 0xA1 else "little")
            self._expect(len(head) >= 24, len(head), "a whole pcap file header")
            self._expect(version == 2, 4, "pcap version 2")
            self._reader, self._read = RawPcapReader(self._tape), self._pcap
        elif head[:4] == _PCAPNG_MAGIC:
            big_endian = head[8:12] == _BYTE_ORDER_MAGIC
            self._expect(len(head) >= 16, len(head), "a whole pcapng section header")
            self._expect(big_endian or head[8:12] == _BYTE_ORDER_MAGIC[::-1], 8, "the pcapng byte-order magic 1a2b3c4d")
            self._expect(int.from_bytes(head[12:14], "big" if big_endian else "little") == 1, 12, "pcapng version 1")
            try:
                self._reader, self._read = _SectionReader(self._tape), self._pcapng
            except (Scapy_Exception, EOFError):
                self._expect(met=False, offset=self._tape.offset, what="a whole pcapng section header")
        else:
            self._expect(met=False, offset=len(head) if len(head) < 4 else 0, what=_MAGIC)

    def __iter__(self) -> Iterator[Event]:
        """Yield what the capture holds, in its order, up to its end or the first byte that makes no sense."""
        tape, reason = self._tape, ""
        try:
            yield from self._read()
        except (EOFError, Scapy_Exception, struct.error, ValueError) as problem:
            reason = str(problem)
        self._raise_failure()
        self.truncated = tape.damaged is not None or tape.cut or tape.offset != tape.mark
        if self.truncated and not (tape.cut or tape.short):
            expected = tape.damaged or reason or "a sound record"
            self.error = f"at offset {tape.mark}: expected {expected}"

    def _raise_failure(self) -> None:
        for tape in (self._raw, self._tape):
            if tape.failure is not None:
                raise tape.failure

    def _expect(self, met: bool, offset: int, what: str) -> None:
        self._raise_failure()
        if not met:
            expected = self._tape.damaged or ("more compressed data" if self._tape.cut else what)
            raise NotACaptureError(f"at offset {offset}: expected {expected}")

    def _pcap(self) -> Iterator[Event]:
        reader, tape = self._reader, self._tape
        yield Section()
        yield Interface(reader.linktype & 0xFFFF, reader.snaplen, 9 if reader.nano else 6, 0)
        per_second = 1_000_000_000 if reader.nano else 1_000_000
        tape.here()
        while True:
            data, record = reader._read_packet(MAX_CAPTURED)  # noqa: SLF001 - the iterator hides how it ended
            if record.caplen > MAX_CAPTURED:
                tape.short = False
                raise EOFError(f"a record with at most {MAX_CAPTURED} captured bytes")
            if tape.short:
                return
            tape.here()
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
        for needless in set(self.blocktypes) - {1, 2, 3, 6}:  # keys and process names are none of our business
            del self.blocktypes[needless]

    def taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _read_block_shb(self) -> None:
        super()._read_block_shb()
        self.interfaces: list[Any] = []
        self._events.append(Section())

    def _read_block_tail(self, length: int) -> None:
        if self.f.read(4) != struct.pack(self.endian + "I", length):
            raise EOFError("the length of the pcapng block again at its end")

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
            raise EOFError("an interface described before the first packet")
        (original,) = struct.unpack(self.endian + "I", block[:4])
        limit = self.interfaces[0][1] or original
        return Captured(0, None, block[4:][: min(original, limit)], original)

    def _numbered(self, read: Any, number: str, block: bytes) -> Captured:  # noqa: ANN401 - Scapy and the file classes have no common type
        if read is None:
            raise EOFError("the number of an interface described before")
        data, of = read
        (captured,) = struct.unpack_from(self.endian + "I", block, 12)
        if captured != len(data):
            raise EOFError("captured bytes that fit their pcapng block")
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
        self.cut = False
        """The compressed data ended too early."""
        self.damaged: str | None = None
        """What was expected, where the compressed data or a length made no sense."""
        self.failure: OSError | None = None
        """The system could not read the file."""

    def peek(self, size: int) -> bytes:
        """Look at the next bytes without passing them."""
        while len(self._ahead) < size and (more := self._fill(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or what is left."""
        if size > MAX_READ:
            self.damaged = f"a block of at most {MAX_READ >> 20} MiB"
            raise EOFError(self.damaged)
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
        except EOFError:
            self.cut = True
        except OSError as problem:
            if problem.errno is not None:
                self.failure = problem
            else:  # gzip says so of what is no gzip
                self.damaged = "intact compressed data"
        except Exception:  # noqa: BLE001 - each decompressor has an exception of its own
            self.damaged = "intact compressed data"
        return b""


def _decompressed(tape: _Tape) -> _Tape:
    head = tape.peek(4)
    if head.startswith(_GZIP_MAGIC):
        return _Tape(gzip.GzipFile(fileobj=tape))  # type: ignore[call-overload]  # it only reads
    if head == _ZSTD_MAGIC:
        return _Tape(_zstd().ZstdFile(tape))
    return tape


def _zstd() -> Any:  # noqa: ANN401 - Scapy and the file classes have no common type
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - for compressed captures only
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415 - for compressed captures only
        except ImportError as problem:
            raise NotACaptureError(
                "this is zstd data, which Python reads from 3.14 on: run `pip install backports.zstd`, "
                "decompress it first, or use --source native"
            ) from problem
    return zstd
