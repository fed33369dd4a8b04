"""Kinds of values that options take."""

from __future__ import annotations

import click
import pytest

from auditor.cli.parameters import Duration, Size, Vantage


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
