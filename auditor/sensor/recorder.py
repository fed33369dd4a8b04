"""What the loop came to, as records for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.evidence.record import Record, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.model.coverage import CoverageMinute
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import Delta
    from auditor.sensor.clock import Clock


class Recorder:
    """Makes records for one run of a sensor."""

    def __init__(self, sensor: str, clock: Clock) -> None:
        self._sensor = sensor
        self._clock = clock
        self.run = new_id(clock.now().wall)
        """Tells the runs of a sensor apart."""

    def of_turn(self, delta: Delta, changes: Iterable[IncidentChange]) -> list[Record]:
        """Record what was seen, and what was said of it."""
        return []

    def of_coverage(self, minute: CoverageMinute) -> list[Record]:
        """Record a minute."""
        return []

    def of_event(self, what: str, words: Mapping[str, Any]) -> list[Record]:
        """Record what happened to the sensor itself."""
        now = self._clock.now().wall
        body = {"run": self.run, "sensor": self._sensor, "event": what, **words}
        return [Record("sensor", new_id(now), now, body)]
