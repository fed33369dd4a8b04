"""Kinds of values that options take."""

from __future__ import annotations

import time
from pathlib import Path

import click
import pytest

from auditor.cli.parameters import Duration, FilePath, Size, Vantage, When


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("0.5", 0.5)])
def test_spans_of_time(text: str, seconds: float) -> None:
    """Units may be put together; a bare number is seconds."""
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(("text", "count"), [("65535", 65535), ("100M", 10**8), ("64Ki", 65536), ("1GiB", 2**30)])
def test_numbers_of_bytes(text: str, count: int) -> None:
    """Powers of ten, and of two where they are written so."""
    assert Size().convert(text, None, None) == count


@pytest.mark.parametrize(
    ("kind", "text"),
    [(Duration(), t) for t in ("", "5x", "m", "-5s", "0s", "1h 5m")]
    + [(Size(), t) for t in ("", "0", "1.5M", "M", "-1", "10TB")]
    + [(Vantage(), "lab")],
)
def test_anything_else_is_refused(kind: click.ParamType[object], text: str) -> None:
    """In one sentence that quotes it or says what is wrong."""
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970-01-02T00:00:01Z", 86401),
        ("1970-01-02T01:00:00+01:00", 86400),
    ],
)
def test_a_moment_is_a_day_or_a_time_with_its_offset(text: str, seconds: int) -> None:
    """A day is its beginning, UTC."""
    assert When().convert(text, None, None) == seconds * 10**9


def test_a_moment_may_be_so_long_ago() -> None:
    """As long as a duration says."""
    assert abs(When().convert("1h30m", None, None) - (time.time_ns() - 5400 * 10**9)) < 10**9


@pytest.mark.parametrize("text", ["yesterday", "2026-11-22T09:00:00", "24", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A time without an offset, too: nobody knows whose clock is meant."""
    with pytest.raises(click.BadParameter):
        When().convert(text, None, None)


def test_a_file_need_not_be_there_yet() -> None:
    """Whether it can be read is for whoever reads it to say."""
    assert FilePath().convert("policies/none.yaml", None, None) == Path("policies/none.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Where a file is to be written; elsewhere it may be one."""
    assert FilePath().convert(str(tmp_path), None, None) == tmp_path
    with pytest.raises(click.BadParameter, match="is a directory"):
        FilePath(dir_okay=False).convert(str(tmp_path), None, None)


def test_the_shell_completes_a_path() -> None:
    """As it does click's own."""
    [item] = FilePath().shell_complete(click.Context(click.Command("audit")), click.Option(["--policy"]), "pol")
    assert (item.value, item.type) == ("pol", "file")
