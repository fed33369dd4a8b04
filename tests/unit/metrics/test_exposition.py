"""The formats of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from auditor.metrics.exposition import open_metrics, text
from auditor.metrics.family import counter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric


class OneCounter(Collector):
    """One family."""

    def collect(self) -> Iterator[Metric]:
        """Yield it."""
        yield counter("auditor_thing", "Things.", (), {(): 3})


def test_text_names_the_series() -> None:
    """As Prometheus has always read it."""
    page = b"# HELP auditor_thing_total Things.\n# TYPE auditor_thing_total counter\nauditor_thing_total 3.0\n"

    assert text(OneCounter()) == page


def test_open_metrics_names_the_family_and_ends() -> None:
    """A page that was cut off is told from one that is whole."""
    page = b"# HELP auditor_thing Things.\n# TYPE auditor_thing counter\nauditor_thing_total 3.0\n# EOF\n"

    assert open_metrics(OneCounter()) == page
