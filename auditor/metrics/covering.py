"""What makes "nothing was seen" worth something: coverage, the clock, and the canary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.metrics.family import by_word, counter, gauge, maybe_seconds, one, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import SensorState

_RESULTS = ("failed", "missed", "seen")


def covering(state: SensorState) -> Iterator[Metric]:
    """Yield how well the sensor watched."""
    yield counter(
        "auditor_coverage_watched_seconds",
        "Time in which at least one interface was captured.",
        (),
        one(seconds(state.coverage_watched)),
    )
    yield counter(
        "auditor_coverage_gaps",
        "Minutes in which nothing, or not everything, was watched.",
        (),
        one(state.coverage_gaps),
    )
    yield gauge(
        "auditor_clock_synchronised",
        "Whether the system says that its clock is synchronised.",
        (),
        one(state.clock_offset is not None),
    )
    yield gauge(
        "auditor_clock_offset_seconds",
        "How far the clock is off, as its synchronisation estimates.",
        (),
        one(maybe_seconds(state.clock_offset)),
    )
    yield counter("auditor_clock_steps", "Jumps of the wall clock.", (), one(state.clock_steps))
    yield gauge(
        "auditor_clock_last_step_seconds",
        "How far the wall clock jumped the last time; negative: back.",
        (),
        one(seconds(state.clock_step)),
    )
    yield from _canary(state)


def _canary(state: SensorState) -> Iterator[Metric]:
    canary = state.canary
    seen = canary.at if canary is not None and canary.is_seen else state.canary_seen
    yield counter(
        "auditor_canaries",
        "Tests of the whole with traffic of the sensor's own, by result.",
        ("result",),
        by_word(state.canaries, _RESULTS),
    )
    yield gauge(
        "auditor_canary_last_successful",
        "Whether the sensor saw its latest canary.",
        (),
        one(None if canary is None else canary.is_seen),
    )
    yield gauge("auditor_canary_last_seen_timestamp_seconds", "When it saw one last.", (), one(maybe_seconds(seen)))
    yield gauge(
        "auditor_canary_interval_seconds",
        "How far apart canaries are, where they are sent by schedule.",
        (),
        one(maybe_seconds(state.canary_every)),
    )
    yield gauge(
        "auditor_canary_delay_seconds",
        "From sending the latest canary to having seen it.",
        (),
        one(None if canary is None else maybe_seconds(canary.delay)),
    )
