"""Lines for a file that is rotated, by us or by logrotate, or for a Unix socket.

A line is in the file whole or not at all: what a full disk cut off is taken back.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from pydantic import Field, ValidationInfo, field_validator

from auditor.model.moment import HOUR
from auditor.sinks import fields  # noqa: TC001  pydantic reads the annotations
from auditor.sinks.sink import SinkEntry
from auditor.written.fields import Amount  # noqa: TC001
from auditor.written.scalars import defect
from auditor.written.schema import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MAX_LINE = 64 * 1024
"""Bytes: what a datagram takes on any Linux. A longer one is a defect of ours."""
TIMEOUT = 10.0
"""Seconds that somebody who listens may take to read."""
_PRIVATE = 0o600
_PERIODS = {"hour": HOUR, "day": 24 * HOUR}


class Rotation(Entry):
    """When a file is put aside, and how many are kept."""

    bytes: Amount = Field(default=100 << 20, description="Before it grows beyond this. Default: 100 MiB.")
    every: fields.Period | None = Field(default=None, description="With the first line of each hour or day (UTC) too.")
    keep: fields.Keep = Field(default=10, description="Older files, as NAME.1 (the newest) and so on. Default: 10.")


class LinesEntry(SinkEntry):
    """A sink that writes lines."""

    to: fields.Destination = Field(
        description="A file (0600), or a Unix socket that somebody listens at: a stream of lines, or one line a "
        "datagram."
    )
    rotate: Rotation | None = Field(
        default=None, description="Of a file. Without it the file only grows; logrotate may move it away at any time."
    )

    @field_validator("rotate")
    @classmethod
    def _only_files_rotate(cls, rotate: Rotation | None, others: ValidationInfo) -> Rotation | None:
        to = others.data.get("to")
        if rotate is not None and to is not None and to.how != "file":
            raise defect("rotated-socket", "a socket is not rotated", "leave 'rotate' out, or write to a file")
        return rotate

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the file is, and those that were put aside."""
        return (self.to.path.parent,)


class Lines(Protocol):
    """Where lines go."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, which have no line break in them and none at their end."""

    def close(self) -> None:
        """Let go of it."""


def open_lines(entry: LinesEntry) -> Lines:
    """Return where an entry's lines go. Nothing is opened yet."""
    if entry.to.how == "file":
        return LineFile(entry.to.path, entry.rotate)
    return LineSocket(entry.to.path, is_stream=entry.to.how == "unix")


class LineFile:
    """A file that lines are added to."""

    def __init__(self, path: Path, rotation: Rotation | None, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._rotation = rotation
        self._clock = clock
        self._file: int | None = None
        self._size = 0
        self._period = 0

    def write(self, lines: Sequence[bytes]) -> None:
        """Add lines, all of them or none."""
        batch = b"".join(line + b"\n" for line in lines)
        descriptor = self._opened()
        if self._is_due(len(batch)):
            self._rotate()
            descriptor = self._opened()
        done = 0
        try:
            while done < len(batch):
                done += os.write(descriptor, memoryview(batch)[done:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            raise
        self._size += len(batch)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        """Return the file, opened again where the one by that name is another than before."""
        if self._file is not None:
            with suppress(FileNotFoundError):
                there, ours = self._path.stat(), os.fstat(self._file)
                if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                    self._size = ours.st_size  # somebody may have emptied it (logrotate's copytruncate)
                    return self._file
            self.close()
        # O_NONBLOCK: what is a pipe without a reader would be waited for.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        descriptor = os.open(self._path, flags, _PRIVATE)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise OSError(f"{self._path} is no regular file")
        self._file, self._size = descriptor, status.st_size
        self._period = self._period_of(status.st_mtime_ns if status.st_size else self._clock())
        return descriptor

    def _is_due(self, more: int) -> bool:
        if self._rotation is None or not self._size:
            return False
        is_full = self._size + more > self._rotation.bytes
        return is_full or self._period_of(self._clock()) != self._period

    def _period_of(self, moment: int) -> int:
        period = _PERIODS.get((self._rotation and self._rotation.every) or "")
        return moment // period if period else 0

    def _rotate(self) -> None:
        """Move ``NAME`` to ``NAME.1``, that to ``NAME.2`` …; the last one goes."""
        self.close()
        keep = self._rotation.keep if self._rotation else 1
        for number in range(keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


class LineSocket:
    """A Unix socket that somebody listens at."""

    def __init__(self, path: Path, *, is_stream: bool, timeout: float = TIMEOUT) -> None:
        self._path = path
        self._is_stream = is_stream
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def write(self, lines: Sequence[bytes]) -> None:
        """Send lines; after a failure the next try is over a new connection, in which no half line stands."""
        try:
            connection = self._socket or self._connect()
            if self._is_stream:
                connection.sendall(b"".join(line + b"\n" for line in lines))
            else:
                for line in lines:
                    connection.send(line)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if self._is_stream else socket.SOCK_DGRAM)
        made.settimeout(self._timeout)
        try:
            made.connect(str(self._path))
        except OSError:
            made.close()
            raise
        self._socket = made
        return made
