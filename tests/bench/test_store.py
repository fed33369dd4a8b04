"""The benchmark of the store measures what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.evidence.record import prepare
from tests.bench import store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_small_round_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Over both databases, where PostgreSQL is installed."""
    assert store.main(["--records", "1500", "--rounds", "1", "--folder", str(tmp_path)]) == 0

    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]][:1] == ["sqlite"]
    assert all(row[1] == "1,500" for row in rows[1:])


def test_records_are_of_one_kilobyte() -> None:
    """With their identifying part."""
    [[made, *_]] = store.records(10)
    prepared = prepare(made)
    assert prepared.identifying is not None
    assert 980 <= len(prepared.body.content) + len(prepared.identifying.content) <= 1100
