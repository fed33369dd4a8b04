"""The two formats in which a collector is told to Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def text(collector: Collector) -> bytes:
    """Return Prometheus' own format, which everybody reads and which has no exemplars."""
    return generate_latest(_registry(collector))


def open_metrics(collector: Collector) -> bytes:
    """Return OpenMetrics."""
    page: bytes = exposition.generate_latest(_registry(collector))  # type: ignore[no-untyped-call]
    return page


def _registry(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry
