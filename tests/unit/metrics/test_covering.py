"""Coverage, clock and canary, as metrics."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.coverage import CanaryResult
from tests.build.expositions import samples
from tests.build.states import NOON, SECOND, busy_state, fresh_state


def test_a_clock_that_is_not_synchronised_has_no_offset() -> None:
    """What is not estimated is not 0."""
    assert samples(fresh_state(), "auditor_clock_synchronised") == ["auditor_clock_synchronised 0.0"]
    assert samples(fresh_state(), "auditor_clock_offset_seconds") == []


def test_steps_keep_their_direction() -> None:
    """Back is negative."""
    assert samples(busy_state(), "auditor_clock_last_step_seconds") == ["auditor_clock_last_step_seconds -2.0"]


def test_a_missed_canary_is_told_and_the_last_seen_stays() -> None:
    """How long the control has not worked counts from there."""
    missed = CanaryResult(NOON + 7200 * SECOND, "namespace", True, False, None, None)
    state = replace(busy_state(), canary=missed)

    assert samples(state, "auditor_canary_last_successful") == ["auditor_canary_last_successful 0.0"]
    assert samples(state, "auditor_canary_delay_seconds") == []
    assert samples(state, "auditor_canary_last_seen_timestamp_seconds") == [
        "auditor_canary_last_seen_timestamp_seconds 1.7956026e+09"
    ]


def test_without_a_canary_nothing_is_claimed() -> None:
    """Results start at zero; there is no latest one."""
    assert samples(fresh_state(), "auditor_canary_last_successful") == []
    assert samples(fresh_state(), "auditor_canaries_total") == [
        f'auditor_canaries_total{{result="{result}"}} 0.0' for result in ("failed", "missed", "seen")
    ]
