"""The files in force, as metrics."""

from __future__ import annotations

from tests.build.expositions import samples
from tests.build.states import busy_state, fresh_state


def test_a_file_that_went_bad_is_told() -> None:
    """What was read before is in force, and somebody must know."""
    assert samples(busy_state(), "auditor_policy_last_reload_successful") == [
        "auditor_policy_last_reload_successful 0.0"
    ]
    assert samples(fresh_state(), "auditor_policy_last_reload_successful") == [
        "auditor_policy_last_reload_successful 1.0"
    ]


def test_both_results_of_reading_start_at_zero() -> None:
    """A first failure is an increase."""
    assert samples(fresh_state(), "auditor_policy_reloads_total") == [
        'auditor_policy_reloads_total{result="failure"} 0.0',
        'auditor_policy_reloads_total{result="success"} 1.0',
    ]


def test_without_identity_sources_nothing_is_claimed_of_them() -> None:
    """A sensor may do without."""
    assert samples(fresh_state(), "auditor_identity_last_reload_successful") == []
    assert samples(fresh_state(), "auditor_identity_info") == []


def test_a_source_that_said_nothing_has_no_age() -> None:
    """Only what said something can be stale; of the other, refused lines tell."""
    assert samples(busy_state(), "auditor_identity_source_newest_timestamp_seconds") == [
        'auditor_identity_source_newest_timestamp_seconds{source="kea"} 1.7956061e+09'
    ]
    assert len(samples(busy_state(), "auditor_identity_source_refused_lines_total")) == 2
