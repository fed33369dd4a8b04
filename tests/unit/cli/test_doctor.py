"""``auditor doctor``, as a shell sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.build.sensor import sensor_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Run


def test_what_is_wrong_is_told_with_what_to_do(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a table that fits the terminal, and exit code 1."""
    path = sensor_files(tmp_path, interfaces="none0")
    for width in (60, 80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        ended = run("doctor", "--config", str(path))
        assert ended.code == 1
        assert "there is no such interface" in ended.out
        assert "→ name one that is:" in ended.out
        assert max(map(len, ended.out.splitlines())) <= max(width, 60)
    assert " wrong, " in ended.err


def test_programs_get_json(run: Run, tmp_path: Path) -> None:
    """A list of findings."""
    ended = run("doctor", "--config", str(sensor_files(tmp_path)), "--format", "json")
    document = json.loads(ended.out)
    assert document["schema"] == "auditor.doctor/1"
    assert {each["status"] for each in document["findings"]} <= {"right", "doubtful", "wrong", "unknown"}
    assert [each["subject"] for each in document["findings"]][:2] == ["sensor file", "policy"]


def test_without_a_file_it_says_so(run: Run) -> None:
    """And looks at the machine."""
    ended = run("doctor", "--config", "/none/sensor.yaml")
    assert ended.code == 1
    assert "privileges" in ended.out
