"""The store and the sinks, as metrics."""

from __future__ import annotations

from tests.build.expositions import exposition, samples
from tests.build.states import busy_state, fresh_state


def test_a_store_that_fails_is_down() -> None:
    """Whatever the reason: that is in the log."""
    assert samples(busy_state(), "auditor_store_up") == ["auditor_store_up 0.0"]
    assert "disk full" not in exposition(busy_state())


def test_without_a_store_nothing_is_claimed_of_it() -> None:
    """Up and down are both wrong."""
    assert samples(fresh_state(), "auditor_store_up") == []


def test_every_kind_of_record_starts_at_zero() -> None:
    """The first that is dropped is an increase."""
    lines = samples(busy_state(), "auditor_store_dropped_records_total")

    assert len(lines) == 12
    assert 'auditor_store_dropped_records_total{kind="observation"} 7.0' in lines


def test_each_sink_is_told_by_its_name() -> None:
    """One that fails does not hide behind the others."""
    assert samples(busy_state(), "auditor_sink_up") == [
        'auditor_sink_up{sink="eve"} 1.0',
        'auditor_sink_up{sink="siem"} 0.0',
    ]
    assert samples(busy_state(), "auditor_sink_dropped_total")[1] == 'auditor_sink_dropped_total{sink="siem"} 1.0'
    assert "connection refused" not in exposition(busy_state())
