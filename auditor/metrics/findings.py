"""What was found: observations, incidents by group and verdict, what stands open, and how fast a verdict came."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.samples import Exemplar

from auditor.metrics.family import by_word, counter, gauge, info, one, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import SensorState

_STATUSES = ("reviewed", "false-positive", "resolved")


def findings(state: SensorState) -> Iterator[Metric]:
    """Yield what was observed and judged."""
    yield counter(
        "auditor_observations",
        "Observations, by the detector that made them and how sure it is.",
        ("detector", "confidence"),
        state.observations,
    )
    yield counter(
        "auditor_incidents",
        "Incidents that began; one whose verdict grew graver counts under both.",
        ("group", "verdict", "severity", "kind"),
        state.incidents,
    )
    yield counter(
        "auditor_incident_bytes",
        "Bytes that hosts downloaded and uploaded in incidents.",
        ("group", "verdict", "direction"),
        state.incident_bytes,
    )
    yield counter(
        "auditor_list_incidents",
        "Incidents in which a torrent of a list of the policy was seen.",
        ("list",),
        by_word(state.watched_seen),
    )
    yield counter(
        "auditor_violating_uploads",
        "Incidents in which a host gave content against the policy.",
        ("group",),
        by_word(state.unapproved_uploads),
    )
    yield counter(
        "auditor_reviews", "Notes of people on incidents, by status.", ("status",), by_word(state.reviews, _STATUSES)
    )
    yield from _open(state)
    yield _delay(state)


def _open(state: SensorState) -> Iterator[Metric]:
    yield gauge(
        "auditor_open_incidents",
        "Incidents that go on, or were seen within the last six hours.",
        ("group", "verdict", "severity"),
        state.open_incidents,
    )
    yield info(
        "auditor_open_incident",
        "Open violations, the newest ones alone: what an alert needs to name the evidence.",
        ("incident", "group", "severity", "rule"),
        ((each.id, each.group, each.severity, each.rule) for each in state.open_violations),
    )
    yield gauge(
        "auditor_open_incident_overflow",
        "Open violations that are left out of auditor_open_incident_info.",
        (),
        one(state.open_violations_left_out),
    )


def _delay(state: SensorState) -> Metric:
    """Show how old frames were when they led to a verdict, with the latest incident as the example."""
    family = HistogramMetricFamily(
        "auditor_verdict_delay_seconds", "From a frame to the verdict that it caused.", labels=()
    )
    buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = [
        ("+Inf" if isinf(bound) else str(float(bound)), count) for bound, count in state.delays
    ]
    latest, incident = state.delay_latest, state.delay_exemplar
    if latest is not None and incident is not None:
        place = next((number for number, (bound, _) in enumerate(state.delays) if latest <= bound), None)
        if place is not None:
            buckets[place] = (*buckets[place][:2], Exemplar({"incident": shown("incident", incident)}, latest))
    if buckets:
        family.add_metric([], buckets, state.delay_sum)
    return family
