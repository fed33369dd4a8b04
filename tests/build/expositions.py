"""Pages of metrics, as Prometheus gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.metrics.exposition import open_metrics, text
from auditor.metrics.sensor import SensorCollector

if TYPE_CHECKING:
    from auditor.model.health import SensorState


def exposition(state: SensorState, *, is_open: bool = False) -> str:
    """Return the page of a sensor in this state, as OpenMetrics or as Prometheus' older text."""
    return (open_metrics if is_open else text)(SensorCollector(lambda: state)).decode()


def samples(state: SensorState, family: str) -> list[str]:
    """Return the lines of one family's samples."""
    return [line for line in exposition(state).splitlines() if line.split("{")[0].split(" ")[0] == family]
