"""The benchmark of judging measures what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import judging

if TYPE_CHECKING:
    import pytest


def test_a_small_round_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """All the groups and rules that the bar speaks of, and several of the rules decide."""
    assert judging.main(["--conducts", "300"]) == 0
    groups, rules, decided, *_ = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert (groups, rules) == ("200", "500")
    assert int(decided) >= 10
