"""Policies that commands need to be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.cli.policies import usable


def test_a_bad_policy_ends_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With every issue; a right one is returned without a word."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\n")
    with pytest.raises(SystemExit) as ended:
        usable(bad)
    assert ended.value.code == 2
    assert "missing-purpose" in capsys.readouterr().err
    assert usable(Path(__file__).parents[3] / "policies" / "uploads.yaml").name == "uploads"
    assert capsys.readouterr().err == ""
