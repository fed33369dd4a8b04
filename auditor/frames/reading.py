# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads pcap and pcapng, plain or compressed, with Scapy's readers, without losing what they let fall.

Scapy forgets where a section ends, ``if_tsoffset``, and whether a capture ended or broke off. Here the readers are
watched: every section, interface and frame comes out as an event with its numbers as they stand in the file.
"""

from __future__ import annotations

import gzip
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from auditor.frames.pcapng import MAX_CAPTURED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

MAX_BLOCK = 16 << 20
"""No pcapng block is believed to be longer: a length field that is garbage must not cost memory."""
_PCAP_MAGIC = {bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1")}
_MAGIC = "a pcap or pcapng magic number, gzip or zstd data"
_ENDS = ", but it ends there"
_PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
_BYTE_ORDER_MAGIC = bytes.fromhex("1a2b3c4d")
_GZIP_MAGIC = bytes.fromhex("1f8b")
_ZSTD_MAGIC = bytes.fromhex("28b52ffd")
_ZSTD_SKIPPABLE = bytes.fromhex("2a4d18")
"""After 50 to 5f: a frame to pass over, with which parallel compressors begin."""
_SECTION_HEADER = 28
_STEP = 32 << 10
"""How much is decompressed at once. Damage loses its own step, as in the native reader: it may be wrong already."""


class NotACaptureError(ValueError):
    """The file does not begin like a capture; the text says at which offset and what was expected."""


class _UnsoundError(EOFError):
    """What stands at ``offset`` is not what it should be. Scapy takes it for the end of the file."""

    def __init__(self, offset: int, expected: str) -> None:
        super().__init__(f"at offset {offset}: expected {expected}")


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
        head = self._tape.peek(_SECTION_HEADER)
        if head[:4] in _PCAP_MAGIC:
            version = int.from_bytes(head[4:6], "big" if head[0] == 0xA1 else "little")
            self._expect(len(head) >= 24, len(head), "a whole pcap file header" + _ENDS)
            self._expect(version == 2, 4, "pcap version 2")
            self._read = self._pcap
        elif head[:4] == _PCAPNG_MAGIC:
            self._expect(len(head) == _SECTION_HEADER, len(head), "a whole pcapng section header" + _ENDS)
            for met, offset, what in _of_section(head):
                self._expect(met, offset, what)
            self._read = self._pcapng
        else:
            self._expect(len(head) >= 4, len(head), _MAGIC + _ENDS)
            self._expect(met=False, offset=0, what=_MAGIC)

    def __iter__(self) -> Iterator[Event]:
        """Yield what the capture holds, in its order, up to its end or the first byte that makes no sense."""
        tape = self._tape
        try:
            yield from self._read()
        except _UnsoundError as problem:
            self.error = str(problem)
        except (EOFError, Scapy_Exception, struct.error, ValueError):
            if not (tape.short or tape.cut):
                self.error = f"at offset {tape.mark}: expected a sound record"
        self._raise_failure()
        if self.error is None and tape.damaged is not None:
            self.error = f"at offset {tape.reached}: expected {tape.damaged}"
        self.truncated = self.error is not None or tape.cut or tape.offset != tape.mark

    def _raise_failure(self) -> None:
        for tape in (self._raw, self._tape):
            if tape.failure is not None:
                raise tape.failure

    def _expect(self, met: bool, offset: int, what: str) -> None:
        self._raise_failure()
        if not met:
            tape = self._tape
            if tape.damaged or tape.cut:
                offset, what = tape.reached, tape.damaged or "more compressed data"
            raise NotACaptureError(f"at offset {offset}: expected {what}")

    def _pcap(self) -> Iterator[Event]:
        tape = self._tape
        reader = RawPcapReader(tape)
        yield Section()
        yield Interface(reader.linktype & 0xFFFF, reader.snaplen, 9 if reader.nano else 6, 0)
        per_second = 1_000_000_000 if reader.nano else 1_000_000
        captured = struct.Struct(reader.endian + "8xI")
        tape.here()
        while True:
            head = tape.peek(16)
            if len(head) == 16 and captured.unpack_from(head)[0] > MAX_CAPTURED:
                raise _UnsoundError(tape.offset, f"a record with at most {MAX_CAPTURED} captured bytes")
            data, record = reader._read_packet(MAX_CAPTURED)  # noqa: SLF001 - the iterator hides how it ended
            if tape.short:
                return
            tape.here()
            yield Captured(0, record.sec * per_second + record.usec, data, max(record.wirelen, len(data)))

    def _pcapng(self) -> Iterator[Event]:
        reader, frame = _SectionReader(self._tape), None
        while True:
            yield from reader.taken()
            if frame is not None:
                yield Captured(*frame)
            if reader.unsound is not None:
                raise reader.unsound
            self._tape.here()
            frame = reader._read_block(MAX_CAPTURED)  # noqa: SLF001 - the iterator hides how it ended


def _of_section(head: bytes) -> Iterator[tuple[bool, int, str]]:
    """Yield what must hold of a section header, at which of its bytes, and how to say so."""
    big_endian = head[8:12] == _BYTE_ORDER_MAGIC
    order: Literal["big", "little"] = "big" if big_endian else "little"
    length = int.from_bytes(head[4:8], order)
    fits = _SECTION_HEADER <= length <= MAX_BLOCK and not length % 4
    yield big_endian or head[8:12] == _BYTE_ORDER_MAGIC[::-1], 8, "the pcapng byte-order magic 1a2b3c4d"
    yield int.from_bytes(head[12:14], order) == 1, 12, "pcapng version 1"
    yield fits, 4, f"a pcapng section header's length: {_SECTION_HEADER} to {MAX_BLOCK}, a multiple of 4"


class _SectionReader(RawPcapNgReader):  # type: ignore[misc]  # Scapy is not followed by mypy
    """Scapy's pcapng reader, telling of sections and interfaces, with the numbers that it leaves out."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - Scapy and the file classes have no common type
        self._events: list[Event] = []
        self.unsound: _UnsoundError | None = None
        """What is wrong with the end of the last block: found before its frame was read, and told after."""
        super().__init__(*args)
        for needless in set(self.blocktypes) - {1, 2, 3, 6}:  # keys and process names are none of our business
            del self.blocktypes[needless]

    def taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _read_block(self, size: int) -> Captured | None:
        at, head = self.f.offset, self.f.peek(_SECTION_HEADER)
        if head[:4] == _PCAPNG_MAGIC and len(head) == _SECTION_HEADER:
            for met, offset, what in _of_section(head):
                self._expect(met, at + offset, what)
        elif head[:4] == _PCAPNG_MAGIC:
            self.f.read(_SECTION_HEADER)  # It is short, and that is all there is to say.
            raise EOFError
        elif len(head) >= 8:
            (length,) = struct.unpack_from(self.endian + "I", head, 4)
            fits = length >= 12 and not length % 4
            self._expect(fits, at, "a pcapng block length of at least 12 and a multiple of 4")
            self._expect(length <= MAX_BLOCK, at, f"a pcapng block of at most {MAX_BLOCK >> 20} MiB")
        read: Captured | None = super()._read_block(size)
        return read

    def _read_block_shb(self) -> None:
        super()._read_block_shb()
        self.interfaces: list[Any] = []
        self._events.append(Section())

    def _read_block_tail(self, length: int) -> None:
        at, tail = self.f.offset, self.f.read(4)
        if self.f.short:
            raise EOFError
        if tail != struct.pack(self.endian + "I", length):
            self.unsound = _UnsoundError(at, "the length of the pcapng block again at its end")

    def _read_block_idb(self, block: bytes, size: int) -> None:
        self._expect(len(block) >= 8, self.f.mark, "a pcapng interface description of at least 20 bytes")
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

    def _read_block_epb(self, block: bytes, size: int) -> Captured:
        return self._numbered(super()._read_block_epb, "I", block, size)

    def _read_block_pkt(self, block: bytes, size: int) -> Captured:
        return self._numbered(super()._read_block_pkt, "H", block, size)

    def _read_block_spb(self, block: bytes, size: int) -> Captured:
        # Scapy takes a snap length of zero, which means no limit, for a limit of zero.
        at = self.f.mark
        self._expect(len(block) >= 4, at, "a simple pcapng packet block of at least 16 bytes")
        self._expect(bool(self.interfaces), at, "an interface described before the first packet")
        (original,) = struct.unpack_from(self.endian + "I", block)
        data = block[4:][: min(original, self.interfaces[0][1] or original)]
        self._expect(len(data) <= size, at + 8, f"a record with at most {size} captured bytes")
        return Captured(0, None, data, original)

    def _numbered(self, read: Any, number: str, block: bytes, size: int) -> Captured:  # noqa: ANN401 - Scapy comes without types
        """Read a packet that names its interface; its options are left out, for Scapy refuses some that are odd."""
        at = self.f.mark
        self._expect(len(block) >= 20, at, "a pcapng packet block of at least 32 bytes")
        (interface,) = struct.unpack_from(self.endian + number, block)
        known = interface < len(self.interfaces)
        self._expect(known, at + 8, "the number of an interface described before")
        (captured,) = struct.unpack_from(self.endian + "I", block, 12)
        fits = captured <= min(size, len(block) - 20)
        self._expect(fits, at + 20, "captured bytes that fit their pcapng block")
        data, of = read(block[: 20 + captured], size)
        return Captured(interface, of.tshigh << 32 | of.tslow, data, max(of.wirelen, len(data)))

    def _expect(self, met: bool, offset: int, what: str) -> None:
        if not met:
            raise _UnsoundError(offset, what)


class _Tape:
    """A file that remembers how far it was read, and how a read failed."""

    name = "capture"

    def __init__(self, file: Any, compression: str | None = None) -> None:  # noqa: ANN401 - Scapy and the file classes have no common type
        self._file = file
        self._compression = compression
        self._step = io.BytesIO()
        self._ahead = b""
        self.offset = 0
        self.mark = 0
        """Everything before it was understood."""
        self.short = False
        """The last read gave less than was asked for."""
        self.cut = False
        """The compressed data ended too early."""
        self.damaged: str | None = None
        """What was expected, where the compressed data made no sense."""
        self.failure: OSError | None = None
        """The system could not read the file."""

    def peek(self, size: int) -> bytes:
        """Look at the next bytes without passing them."""
        while len(self._ahead) < size and (more := self._fill(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or what is left."""
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

    @property
    def reached(self) -> int:
        """How far the file was read, in decompressed bytes."""
        return self.offset + len(self._ahead)

    def _fill(self, size: int) -> bytes:
        if self._compression is None:
            return self._attempt(self._file.read, size)
        data = self._step.read(size)
        while len(data) < size and (step := self._attempt(self._file.read1, _STEP)):
            self._step = io.BytesIO(step)
            data += self._step.read(size - len(data))
        return data

    def _attempt(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return bytes(read(size))
        except EOFError:
            self.cut = True
        except OSError as problem:
            if problem.errno is not None:
                self.failure = problem
            else:  # gzip says so of what is no gzip
                self.damaged = self._compression
        except Exception:  # noqa: BLE001 - each decompressor has an exception of its own
            self.damaged = self._compression
        return b""


def _decompressed(tape: _Tape) -> _Tape:
    head = tape.peek(4)
    if head.startswith(_GZIP_MAGIC):
        return _Tape(gzip.GzipFile(fileobj=tape), "intact gzip data")  # type: ignore[call-overload]  # it only reads
    if head == _ZSTD_MAGIC or (head[1:] == _ZSTD_SKIPPABLE and head[0] >> 4 == 5):
        return _Tape(_zstd().ZstdFile(tape), "intact zstd data, its window at most 128 MiB")
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
