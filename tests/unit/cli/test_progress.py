"""The progress bar."""

from __future__ import annotations

import sys

import pytest

from auditor.cli import progress
from auditor.cli.progress import ProgressBar
from auditor.engine import Progress


def test_nothing_is_shown_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs and pipes stay clean, however long it takes."""
    with ProgressBar() as bar:
        bar._started -= 60
        bar(Progress(1, 2, 3))

    assert capsys.readouterr().err == ""


def test_nothing_is_shown_for_what_is_done_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second passes before a bar appears."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar() as bar:
        bar(Progress(1, 2, 3))

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("total", [2_000_000, None])
def test_a_bar_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], total: int | None
) -> None:
    """Bytes, packets and rate; where the end is not known, as on a pipe, without a share of it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")

    with ProgressBar() as bar:
        bar(Progress(1_000_000, total, 4_321))

    shown = capsys.readouterr()
    assert "4,321 packets" in shown.err
    assert shown.out == ""
