"""How the difference between two policies reads."""

from __future__ import annotations

from auditor.audit.difference import changes
from auditor.cli import comparison
from auditor.pipeline.run import judge
from auditor.policy.evaluate import Policy
from tests.build.audits import office_day, policy


def test_nothing_changed_is_said_in_a_sentence() -> None:
    """Silence would leave the reader in doubt."""
    result = judge(office_day(), policy())

    assert (
        list(comparison.text(result, result, [], 100))[-1] == f"Both say the same of {len(result.incidents)} incidents."
    )


def test_each_change_names_both_judgements_and_fits_the_terminal() -> None:
    """The host, what it did, then a line or more for each policy."""
    old, new = judge(office_day(), Policy.none()), judge(office_day(), policy())
    found = changes(old, new)

    lines = list(comparison.text(old, new, found, 80))

    assert all(len(line) <= 80 for line in lines)
    assert sum(line.startswith("  old  ") for line in lines) == len(found)
    assert sum(line.startswith("  new  ") for line in lines) == len(found)
    assert any("notice → violation" in line for line in lines)
