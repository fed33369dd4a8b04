"""The lines of a file, as bytes, with one block of it in memory.

Logs that were rotated are compressed; what a file's first bytes say counts, not its name.
"""

from __future__ import annotations

import codecs
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

MAX_LINE = 64 << 10
"""Bytes of a line that a reader is handed. The longest that servers write have a few thousand, with vendor options."""
_BLOCK = 256 << 10
_XZ_MEMORY = 96 << 20
"""``xz -9`` takes 65 MiB."""
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_XZ = b"\xfd7zXZ\x00"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENOUGH = 6
"""Bytes that tell how a file is written."""


class Splitter:
    """Cuts blocks into lines. The bytes behind the last line's end wait for the next block.

    NUL bytes are left out: a log that is truncated under a program that does not append begins with a run of them.
    A line of more than ``longest`` bytes is handed out cut to one byte more than that, or longer: never whole if it is
    longer than a block.
    """

    def __init__(self, longest: int = MAX_LINE) -> None:
        self._longest = longest
        self._tail = b""

    def feed(self, block: bytes) -> list[bytes]:
        """Return the lines that end in ``block``, without their ends."""
        if b"\0" in block:
            block = block.replace(b"\0", b"")
        lines = block.split(b"\n")
        lines[0] = self._tail + lines[0]
        self._tail = lines.pop()[: self._longest + 2]  # and a carriage return
        if b"\r" in block or (lines and lines[0].endswith(b"\r")):
            return [line.removesuffix(b"\r") for line in lines]
        return lines

    def end(self) -> list[bytes]:
        """Return the last line, if the file ends without a line's end."""
        tail, self._tail = self._tail, b""
        return [tail.removesuffix(b"\r")] if tail else []


class Lines:
    """Iterates once over a file's lines, and knows afterwards what passed.

    ``progress`` is told how many bytes of the file each block had.
    """

    def __init__(
        self, file: BinaryIO, longest: int = MAX_LINE, progress: Callable[[int], object] | None = None
    ) -> None:
        self.count = 0
        """Lines so far."""
        self.problem: str | None = None
        """Why the file could not be read to its end: damaged or cut compression."""
        self._file = file
        self._longest = longest
        self._progress = progress
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """Of the file's bytes as they lie on the disk, as far as they were read."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        splitter = Splitter(self._longest)
        for block in self._text():
            lines = splitter.feed(block)
            self.count += len(lines)
            yield from lines
        lines = splitter.end()
        self.count += len(lines)
        yield from lines

    def _text(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, or whatever other superset of ASCII it is in."""
        blocks = self._plain()
        first = next(blocks, b"")
        while len(first) < _ENOUGH and (more := next(blocks, b"")):
            first += more
        if first.startswith(_UTF16):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
            yield decoder.decode(first).encode()
            for block in blocks:
                yield decoder.decode(block).encode("utf-8", "replace")
        else:
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from blocks

    def _plain(self) -> Iterator[bytes]:
        """Yield the file without its compression."""
        first = self._block()
        while len(first) < _ENOUGH and (more := self._block()):
            first += more
        opener = next((opener for magic, opener in _OPENERS.items() if first.startswith(magic)), None)
        if opener is None:
            while first:
                yield first
                first = self._block()
        else:
            yield from self._decompressed(first, opener)

    def _decompressed(self, data: bytes, opener: Callable[[], _Decompressor]) -> Iterator[bytes]:
        """Yield what is compressed, never more than a block at a time; several streams may follow each other."""
        stream = opener()
        try:
            while data or (data := self._block()):
                if block := stream.decompress(data, _BLOCK):
                    yield block
                while not stream.eof and not stream.needs_input:
                    if block := stream.decompress(b"", _BLOCK):
                        yield block
                data = b""
                if stream.eof:
                    data = stream.unused_data.lstrip(b"\0") or self._block()
                    if not data:
                        return
                    stream = opener()
        except _damage() as error:
            self.problem = f"the file's compression is damaged behind this line ({type(error).__name__})"
            self._drain()
        else:
            self.problem = "the file ends in the middle of its compression"

    def _drain(self) -> None:
        """Read the rest for its digest."""
        while self._block():
            pass

    def _block(self) -> bytes:
        block = self._file.read(_BLOCK)
        self._digest.update(block)
        if self._progress is not None and block:
            self._progress(len(block))
        return block


class _Decompressor(Protocol):
    """What the standard library's decompressors of one stream have in common, and zlib's lacks."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the others' manner."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail and not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        block = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self._is_full = len(block) == max_length  # there may be more inside
        return block


def _zstd() -> Any:  # noqa: ANN401  the two modules are one to the checker's eye only where both are installed
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        from backports import zstd  # noqa: PLC0415
    return zstd


def _open_zstd() -> _Decompressor:
    stream: _Decompressor = _zstd().ZstdDecompressor()
    return stream


def _open_xz() -> _Decompressor:
    import lzma  # noqa: PLC0415  most files are not compressed

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _damage() -> tuple[type[Exception], ...]:
    import lzma  # noqa: PLC0415

    return zlib.error, lzma.LZMAError, _zstd().ZstdError, EOFError


_OPENERS: dict[bytes, Callable[[], _Decompressor]] = {_GZIP: _Gzip, _ZSTD: _open_zstd, _XZ: _open_xz}
