"""What is new about an incident."""

from __future__ import annotations

from auditor.model.standing import IncidentChange


def test_a_change_says_how_it_may_be_shown() -> None:
    """Whoever tells of an incident has the policy's word about people at hand."""
    assert {"people", "incident", "gravest"} <= set(IncidentChange._fields)
