"""A running sensor as metrics: one look at its state a scrape, all families out of it.

Families without a sample are given too, so that what is absent reads as none. The list, with labels and words, is
``deploy/prometheus/METRICS.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from auditor.metrics.covering import covering
from auditor.metrics.family import by_word, counter, gauge, info, one, seconds
from auditor.metrics.findings import findings
from auditor.metrics.in_force import in_force
from auditor.metrics.recording import recording
from auditor.metrics.watching import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import SensorState

_PARTS = (watching, findings, in_force, recording, covering)


class SensorCollector(Collector):
    """Reads the state of a sensor whenever it is asked."""

    def __init__(self, state: Callable[[], SensorState]) -> None:
        """Take what gives the state; it is called once a scrape, from any thread."""
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield every family of one and the same state."""
        state = self._state()
        yield info("auditor_build", "The version that runs.", ("version",), [(state.version,)])
        yield gauge("auditor_start_timestamp_seconds", "When the sensor began.", (), one(seconds(state.started)))
        yield gauge(
            "auditor_earlier_runs",
            "Runs of the sensor before this one, as far as its store knows.",
            (),
            one(state.restarts),
        )
        yield gauge("auditor_ready", "Whether the sensor watches and records.", (), one(state.is_ready))
        yield counter(
            "auditor_errors", "Errors of its own that the sensor caught, by place.", ("place",), by_word(state.errors)
        )
        for part in _PARTS:
            yield from part(state)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: registering takes no look at the state."""
        yield from ()
