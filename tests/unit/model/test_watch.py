"""What a watch hands over."""

from __future__ import annotations

from auditor.model.watch import Delta


def test_a_delta_of_nothing_is_not_the_end() -> None:
    """Quiet is no end of the source."""
    assert not Delta().is_over
    assert Delta().seen_until is None
