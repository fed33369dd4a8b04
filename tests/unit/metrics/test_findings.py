"""What was found, as metrics."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.health import OpenIncident
from tests.build.expositions import exposition, samples
from tests.build.states import FIRST, busy_state, fresh_state


def test_what_counts_from_zero_is_told_from_zero() -> None:
    """So that the first violation ever is an increase."""
    line = 'auditor_incidents_total{group="guests",kind="swarm",severity="medium",verdict="violation"} 0.0'

    assert line in samples(fresh_state(), "auditor_incidents_total")
    assert 'auditor_violating_uploads_total{group="guests"} 0.0' in samples(
        fresh_state(), "auditor_violating_uploads_total"
    )
    assert samples(fresh_state(), "auditor_list_incidents_total") == [
        'auditor_list_incidents_total{list="approved"} 0.0',
        'auditor_list_incidents_total{list="watched"} 0.0',
    ]


def test_notes_start_at_zero() -> None:
    """With every status that there is."""
    assert samples(fresh_state(), "auditor_reviews_total") == [
        f'auditor_reviews_total{{status="{status}"}} 0.0' for status in ("false-positive", "resolved", "reviewed")
    ]


def test_an_open_violation_is_told_by_its_opaque_id() -> None:
    """An alert's template sees labels: this is how it names the evidence."""
    state = replace(fresh_state(), open_violations=(OpenIncident(FIRST, "guests", "high", "guest-sharing"),))

    assert samples(state, "auditor_open_incident_info") == [
        f'auditor_open_incident_info{{group="guests",incident="{FIRST}",rule="guest-sharing",severity="high"}} 1.0'
    ]


def test_the_latest_verdict_is_the_example_in_its_bucket() -> None:
    """From a slow verdict a click leads to its incident."""
    page = exposition(busy_state(), is_open=True)

    assert f'auditor_verdict_delay_seconds_bucket{{le="0.5"}} 8.0 # {{incident="{FIRST}"}} 0.31\n' in page
    assert page.count("# {incident=") == 1


def test_the_older_format_has_no_examples() -> None:
    """It does not know them."""
    assert "# {incident=" not in exposition(busy_state())


def test_no_example_without_its_delay() -> None:
    """A bucket cannot be guessed."""
    assert "# {incident=" not in exposition(replace(busy_state(), delay_latest=None), is_open=True)


def test_no_delays_are_no_histogram() -> None:
    """A sensor that keeps none has a family without samples."""
    assert samples(replace(fresh_state(), delays=()), "auditor_verdict_delay_seconds_bucket") == []
