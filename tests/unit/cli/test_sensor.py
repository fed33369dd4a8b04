"""``auditor sensor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Run


def test_its_commands_are_listed(run: Run) -> None:
    """Each with what it does."""
    ended = run("sensor", "--help")
    assert ended.code == 0
    assert "check" in ended.out
