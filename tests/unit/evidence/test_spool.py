"""Tests of the file in which records wait."""

from __future__ import annotations

import os
import resource
import stat
from typing import TYPE_CHECKING

import pytest

from auditor.evidence.spool import Spool, SpoolFull
from tests.build.evidence import frame, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the spool is."""
    return tmp_path / "state" / "spool"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    """An empty spool."""
    opened = Spool(path, LIMIT)
    yield opened
    opened.close()


def numbers(spool: Spool, count: int = 1000) -> list[object]:
    """Return which records wait."""
    return [entry.record.body["number"] for entry in spool.first(count)]


def test_first_in_first_out(spool: Spool, path: Path) -> None:
    """Whole, with their slices; and the file is emptied when all are done."""
    kept = [record(number)._replace(slices=(frame(number),)) for number in range(10)]
    spool.add(kept[:7])
    spool.add(kept[7:])

    first = spool.first(4)
    spool.done(first)

    assert [entry.record for entry in first] == kept[:4]
    assert spool.left == 6
    assert [entry.record for entry in spool.first(100)] == kept[4:]
    spool.done(spool.first(100))
    assert (spool.left, path.stat().st_size) == (0, 0)


def test_it_survives(path: Path) -> None:
    """Another run finds what waits; what was done, but not all, is offered again."""
    spool = Spool(path, LIMIT)
    spool.add([record(number) for number in range(5)])
    spool.done(spool.first(2))
    spool.close()

    spool = Spool(path, LIMIT)
    assert (spool.left, numbers(spool)) == (5, [0, 1, 2, 3, 4])
    spool.close()


def test_a_torn_end_is_cut_off(path: Path) -> None:
    """Wherever a crash cut it: whole records are there, and the file goes on behind them."""
    spool = Spool(path, LIMIT)
    spool.add([record(1)])
    whole = path.stat().st_size
    spool.add([record(2)])
    content = path.read_bytes()
    spool.close()

    for length in range(whole, len(content), 7):
        path.write_bytes(content[:length])
        spool = Spool(path, LIMIT)
        assert numbers(spool) == [1]
        assert not spool.damaged
        spool.add([record(3)])
        assert numbers(spool) == [1, 3]
        spool.close()


def test_zeros_at_the_end_are_cut_off(path: Path) -> None:
    """As a file system may leave them after a power cut: the length was written and the bytes were not."""
    spool = Spool(path, LIMIT)
    spool.add([record(1), record(2)])
    content = path.read_bytes()
    spool.close()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))

    spool = Spool(path, LIMIT)

    assert numbers(spool) == [1]
    spool.close()


def test_damage_is_kept_aside(path: Path) -> None:
    """What stands behind it may be evidence: it is not thrown away."""
    spool = Spool(path, LIMIT)
    spool.add([record(number) for number in range(5)])
    content = bytearray(path.read_bytes())
    spool.close()
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)

    spool = Spool(path, LIMIT)

    assert spool.damaged
    assert numbers(spool) == [0, 1]
    beside = path.with_name("spool.damaged")
    assert content.endswith(beside.read_bytes())
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    spool.close()


def test_it_is_bounded(path: Path) -> None:
    """What would not fit is refused whole."""
    spool = Spool(path, 3000)
    spool.add([record(1)])

    with pytest.raises(SpoolFull, match="3000 bytes"):
        spool.add([record(number) for number in range(2, 50)])

    assert numbers(spool) == [1]
    assert path.stat().st_size < 3000
    spool.close()


def test_a_disk_that_is_full(spool: Spool, path: Path) -> None:
    """What was half written is taken back."""
    spool.add([record(1)])
    before = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before + 100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.add([record(2), record(3)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert path.stat().st_size == before
    spool.add([record(4)])
    assert numbers(spool) == [1, 4]


def test_it_is_its_owners_alone(path: Path) -> None:
    """Whatever the umask; and no link is followed."""
    before = os.umask(0)
    try:
        Spool(path, LIMIT).close()
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(OSError, match="symbolic link"):
        Spool(link, LIMIT)


def test_one_process_at_a_time(spool: Spool, path: Path) -> None:
    """Two would write over each other."""
    assert spool.left == 0

    with pytest.raises(BlockingIOError, match="another auditor has the spool open"):
        Spool(path, LIMIT)
