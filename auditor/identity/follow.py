"""Files that grow and rotate, read as they do.

Nothing here waits: whoever follows a file asks again when it likes. Between two questions a file may have

- grown: whole lines behind the last one that was read come out; half a line waits for its end;
- been renamed, and another put in its place (``create`` of logrotate; Kea and dhcpd, which write their files anew):
  the rest of the old one comes first, and the new one is begun once something stands in it, since a program that was
  not yet told goes on writing to the old one;
- been truncated in its place, after a copy was made (``copytruncate``), or written anew in its place (dnsmasq): it is
  begun again. What was written between the last question and the copy is in the copy alone, and is not read.

A file that came and went between two questions is not seen. What grows is plain text: rotation compresses what is over.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity.readers.lines import MAX_LINE, Splitter
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.registry import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from auditor.identity.readers.reader import Reader, Reading, Told

_BLOCK = 256 << 10
_HEAD = 256 << 10
_TAIL = 64
"""Bytes at the beginning of a file, and before the place up to which it was read: where they are not the same any more,
the file was written anew. dnsmasq changes times in the middle of its file, which is mostly not as long as that."""


class Piece(NamedTuple):
    """Lines that were added to a file."""

    lines: list[bytes]
    first: int
    """The number of the first."""
    is_beginning: bool
    """They begin a file; what came before is a file that has ended."""


class Follower:
    """Follows the file at a path, which need not be there yet."""

    def __init__(self, path: Path, longest: int = MAX_LINE) -> None:
        self._path = path
        self._longest = longest
        self._file: BinaryIO | None = None
        self._splitter = Splitter(longest)
        self._number = 1
        """Of the line that comes next."""
        self._head, self._tail = sha256(), b""
        """What was read of the file, at its beginning and last."""

    def poll(self) -> Iterator[Piece]:
        """Yield what was added since the last time, in order, a block at a time."""
        if self._file is None and not self._open():
            return
        if self._is_rewritten():
            self._begin_again()
        yield from self._grown()
        while self._is_replaced():
            yield from self._grown()  # what came before the other took its place
            yield from self._ended()
            self.close()
            if not self._open():
                return
            yield from self._grown()

    @property
    def modified(self) -> int | None:
        """When the file was written last, in nanoseconds since the epoch."""
        return None if self._file is None else os.fstat(self._file.fileno()).st_mtime_ns

    def close(self) -> None:
        """Let go of the file. Half a line at its end is forgotten; the next poll begins the file that is there then."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._restart()

    def _open(self) -> bool:
        with suppress(FileNotFoundError):
            self._file = self._path.open("rb", buffering=0)
        return self._file is not None

    def _restart(self) -> None:
        self._splitter = Splitter(self._longest)
        self._number = 1
        self._head, self._tail = sha256(), b""

    def _begin_again(self) -> None:
        if self._file is not None:
            self._file.seek(0)
        self._restart()

    def _grown(self) -> Iterator[Piece]:
        """Yield the lines that the open file has more."""
        while self._file is not None and (block := self._file.read(_BLOCK)):
            before = self._file.tell() - len(block)
            self._head.update(block[: max(0, _HEAD - before)])
            self._tail = (self._tail + block)[-_TAIL:]
            yield from self._piece(self._splitter.feed(block))

    def _ended(self) -> Iterator[Piece]:
        """Yield the last line of a file that gets no more, if it has no end."""
        yield from self._piece(self._splitter.end())

    def _piece(self, lines: list[bytes]) -> Iterator[Piece]:
        if lines:
            first, self._number = self._number, self._number + len(lines)
            yield Piece(lines, first, is_beginning=first == 1)

    def _is_rewritten(self) -> bool:
        """Whether other bytes stand now where the file was read already."""
        if self._file is None:
            return False
        number, at = self._file.fileno(), self._file.tell()
        if os.fstat(number).st_size < at:
            return True
        if os.pread(number, len(self._tail), at - len(self._tail)) != self._tail:
            return True
        return sha256(os.pread(number, min(at, _HEAD), 0)).digest() != self._head.digest()

    def _is_replaced(self) -> bool:
        """Whether another file, with something in it, bears the path now."""
        if self._file is None:
            return False
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        here = os.fstat(self._file.fileno())
        return there.st_size > 0 and (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)


class Following:
    """Reads the statements of a file that grows.

    A file that leaves times to its modification time is to be written anew, not added to.
    """

    def __init__(self, kind: str, path: Path, reading: Reading) -> None:
        self._kind = READERS[kind]
        self._reading = reading
        self._follower = Follower(path, self._kind.longest)
        self._reader: Reader | None = None

    def poll(self) -> Iterator[Told]:
        """Yield what was settled since the last time. A file that took the place of another is read from its start."""
        for piece in self._follower.poll():
            if piece.is_beginning or self._reader is None:
                yield from self.rest()
                self._reader = self._kind.reader(self._reading._replace(taken=self._follower.modified))
            for number, line in enumerate(piece.lines, piece.first):
                if len(line) > self._kind.longest:
                    yield Refused(number, f"the line is longer than {self._kind.longest} bytes")
                else:
                    yield from self._reader.line(number, line)

    def rest(self) -> Sequence[Told]:
        """Return what holds so far and may still change: it takes the place of the last answer."""
        return () if self._reader is None else self._reader.rest()

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()
