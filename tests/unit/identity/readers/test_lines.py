"""auditor.identity.readers.lines."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import random
import tracemalloc

import pytest

from auditor.identity.readers.lines import MAX_LINE, Lines, Splitter

TEXT = b"".join(b"line %d of a log that was rotated\n" % number for number in range(50_000))


def _zstd(data: bytes) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        from backports import zstd  # noqa: PLC0415
    return bytes(zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress, _zstd], ids=["plain", "gzip", "xz", "zstd"])
def test_a_file_gives_its_lines_and_its_digest_whatever_compressed_it(compress: object) -> None:
    """The first bytes say how; the digest is that of the file on the disk; progress adds up to its length."""
    data = compress(TEXT)  # type: ignore[operator]
    seen: list[int] = []

    lines = Lines(io.BytesIO(data), progress=seen.append)

    assert list(lines) == TEXT.split(b"\n")[:-1]
    assert lines.count == 50_000
    assert lines.sha256 == hashlib.sha256(data).hexdigest()
    assert lines.problem is None
    assert sum(seen) == len(data)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, _zstd], ids=["gzip", "xz", "zstd"])
def test_compressed_files_may_follow_each_other(compress: object) -> None:
    """Rotation appends one compressed stream to another; they are read as one file."""
    data = compress(b"one\n") + compress(b"two\n")  # type: ignore[operator]

    assert list(Lines(io.BytesIO(data))) == [b"one", b"two"]


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, _zstd], ids=["gzip", "xz", "zstd"])
def test_damaged_compression_is_said_behind_the_lines_that_were_whole(compress: object) -> None:
    """A cut or broken file gives what is readable, and says that there was more."""
    noise = random.Random(4).randbytes(200_000).hex().encode()  # noqa: S311  it only has to be incompressible
    data = compress(noise + b"\n")  # type: ignore[operator]
    cut, broken = Lines(io.BytesIO(data[:-20])), Lines(io.BytesIO(data[:50_000] + b"?" * 9 + data[50_009:]))

    assert len(b"".join(cut)) <= len(noise)
    assert cut.problem is not None
    list(broken)
    assert broken.problem is not None
    assert broken.sha256 == hashlib.sha256(data[:50_000] + b"?" * 9 + data[50_009:]).hexdigest()


def test_a_small_file_may_hold_a_large_one_and_takes_no_more_memory() -> None:
    """What a few kilobytes unpack to passes a block at a time, and a line without end is not collected."""
    data = gzip.compress(bytes(1 << 20) + b"a" * (64 << 20) + b"\nlast\n")
    tracemalloc.start()

    lengths = [len(line) for line in Lines(io.BytesIO(data))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert lengths[0] > MAX_LINE
    assert lengths[1:] == [4]
    assert peak < 4 << 20


def test_line_ends_byte_order_marks_and_holes_are_not_text() -> None:
    """Windows ends lines with CR LF and begins files with marks; a truncated log begins with NUL bytes."""
    assert list(Lines(io.BytesIO(b"\xef\xbb\xbfa\r\n\r\nb"))) == [b"a", b"", b"b"]
    assert list(Lines(io.BytesIO("é\r\nb\r\n".encode("utf-16")))) == ["é".encode(), b"b"]
    assert list(Lines(io.BytesIO(bytes(5000) + b"a\nb\n"))) == [b"a", b"b"]
    assert list(Lines(io.BytesIO(b""))) == []


def test_a_line_cut_over_blocks_is_one_line() -> None:
    """Wherever the blocks part, the same lines come out."""
    text = b"first\r\nsecond\n\nfourth, without an end"
    for size in range(1, len(text)):
        splitter = Splitter()
        lines = [line for at in range(0, len(text), size) for line in splitter.feed(text[at : at + size])]

        assert lines + splitter.end() == [b"first", b"second", b"", b"fourth, without an end"]


def test_a_line_of_the_greatest_length_passes_and_one_byte_more_shows() -> None:
    """What is too long comes out longer than the cap, so that the caller sees it, and never much longer."""
    for end in (b"\n", b"\r\n"):
        splitter = Splitter(10)
        lines = [
            line
            for block in (b"0123456789" + end, b"0123456789a", b"bcdefghijkl", b"mnop" + end)
            for line in splitter.feed(block)
        ]

        assert lines[0] == b"0123456789"
        assert 10 < len(lines[1]) < 30
