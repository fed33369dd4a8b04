"""Whose address it was."""

from __future__ import annotations

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN, Attribution


def test_an_attribution_names_nobody_unless_told() -> None:
    """No subject, no source, no other candidates: nothing is made up."""
    nobody = Attribution(UNATTRIBUTED, "unattributed")

    assert (nobody.subject, nobody.source, nobody.candidates) == (None, None, ())


def test_nobody_inside_and_no_inside_are_two_things() -> None:
    """A host that no group claims is ours; traffic without an inside end is not."""
    assert {UNATTRIBUTED, UNKNOWN} == {"unattributed", "unknown"}
