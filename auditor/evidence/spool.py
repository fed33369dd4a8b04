"""A bounded file on the disk in which records wait while the store cannot take them.

It is only ever appended to, synced, and cut to nothing once everything in it is in the store:

    length u32 | CRC-32 u32 | a record as JSON

in little-endian order. A crash may leave a last record that is not whole; it was never held to be safe, and is cut off.
"""

from __future__ import annotations

import base64
import errno
import fcntl
import json
import os
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from auditor.evidence.record import Record
from auditor.model.watch import Slice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_HEAD = struct.Struct("<II")
_MAX_RECORD = 16 << 20
"""More than any record that can be kept: two parts of a megabyte, every character escaped."""


class Entry(NamedTuple):
    """A record in the spool."""

    record: Record
    end: int
    """Where the next one begins."""


class SpoolFull(OSError):  # noqa: N818 - what it is, not a defect
    """What was to be spooled would make the file longer than it may be."""


class Spool:
    """The file. One process has it open at a time."""

    def __init__(self, path: Path, limit: int) -> None:
        """Open it, and count what an earlier run left.

        Raises:
            OSError: if it cannot be opened, or another process has it open.
        """
        self.path = path
        self._limit = limit
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._stream = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stream.close()
            raise BlockingIOError(errno.EWOULDBLOCK, "another auditor has the spool open", str(path)) from None
        self.left: int = 0
        """Records that wait."""
        self.damaged: bool = False
        """In the middle of it something else stood than was written: what comes after is in a file beside it."""
        self._begin = 0
        self._end = 0
        for entry in self._entries(0):
            self._end = entry.end
            self.left += 1
        self._cut_off_rest()

    def add(self, records: Sequence[Record]) -> None:
        """Append records and see them onto the disk: all or, where that fails, none.

        Raises:
            SpoolFull: if there is no room for them.
            ValueError: if one of them is none that can be kept.
            OSError: if the disk does not take them.
        """
        blocks = []
        for record in records:
            content = _encode(record)
            if len(content) > _MAX_RECORD:
                raise ValueError("a record is too long")
            blocks.append(_HEAD.pack(len(content), zlib.crc32(content)) + content)
        data = b"".join(blocks)
        if self._end + len(data) > self._limit:
            raise SpoolFull(f"the spool has reached its {self._limit} bytes")
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, data[written:], self._end + written)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(data)
        self.left += len(records)

    def first(self, count: int) -> list[Entry]:
        """Return the first records that wait."""
        found = []
        for entry in self._entries(self._begin):
            found.append(entry)
            if len(found) == count:
                break
        return found

    def done(self, entries: Sequence[Entry]) -> None:
        """Let go of the first records: they are in the store."""
        if not entries:
            return
        self._begin = entries[-1].end
        self.left -= len(entries)
        if self._begin == self._end:
            os.ftruncate(self._file, 0)
            os.fdatasync(self._file)
            self._begin = self._end = 0

    def close(self) -> None:
        """Close it; what waits stays in it."""
        self._stream.close()

    @property
    def _file(self) -> int:
        return self._stream.fileno()

    def _entries(self, place: int) -> Iterator[Entry]:
        while True:
            head = os.pread(self._file, _HEAD.size, place)
            if len(head) < _HEAD.size:
                return
            length, checksum = _HEAD.unpack(head)
            if length > _MAX_RECORD:
                return
            content = os.pread(self._file, length, place + _HEAD.size)
            if len(content) < length or zlib.crc32(content) != checksum:
                return
            try:
                record = _decode(content)
            except (ValueError, KeyError, TypeError):
                return
            place += _HEAD.size + length
            yield Entry(record, place)

    def _cut_off_rest(self) -> None:
        size = os.fstat(self._file).st_size
        if size == self._end:
            return
        head = os.pread(self._file, _HEAD.size, self._end)
        is_torn = len(head) < _HEAD.size or self._end + _HEAD.size + _HEAD.unpack(head)[0] >= size
        if not is_torn:
            self.damaged = True
            beside = self.path.with_name(self.path.name + ".damaged")
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(file, "wb") as stream:
                for place in range(self._end, size, _MAX_RECORD):
                    stream.write(os.pread(self._file, _MAX_RECORD, place))
        os.ftruncate(self._file, self._end)


def _encode(record: Record) -> bytes:
    slices = [
        [*each.frame, each.time, each.link, each.wire_len, base64.b64encode(each.data).decode()]
        for each in record.slices
    ]
    return json.dumps([record.kind, record.id, record.at, record.body, record.identifying, slices]).encode()


def _decode(content: bytes) -> Record:
    kind, identifier, at, body, identifying, told = json.loads(content)
    slices = tuple(
        Slice((capture, number), time, link, wire_len, base64.b64decode(data))
        for capture, number, time, link, wire_len, data in told
    )
    return Record(kind, identifier, at, body, identifying, slices)
