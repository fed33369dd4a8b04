"""Whether what was found is kept and told: the evidence store and the sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.metrics.family import by_word, counter, gauge, maybe_seconds, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import SensorState

_RECORDS = (
    "attribution",
    "capture",
    "coverage",
    "flow",
    "identity",
    "incident",
    "note",
    "observation",
    "policy",
    "purge",
    "sensor",
    "verdict",
)
"""The kinds of records."""


def recording(state: SensorState) -> Iterator[Metric]:
    """Yield the state of the store and of each sink."""
    yield from _store(state)
    yield from _sinks(state)


def _store(state: SensorState) -> Iterator[Metric]:
    store = state.store
    yield gauge(
        "auditor_store_up",
        "Whether the evidence store takes records.",
        (),
        one(None if store is None else store.failing_since is None),
    )
    yield counter(
        "auditor_store_records", "Records that are durable.", (), one(None if store is None else store.acknowledged)
    )
    yield gauge(
        "auditor_store_queue_records",
        "Records that wait in memory for the store.",
        (),
        one(None if store is None else store.queued),
    )
    yield gauge(
        "auditor_store_queue_capacity",
        "Records that may wait in memory.",
        (),
        one(None if store is None else store.capacity),
    )
    yield gauge(
        "auditor_store_spooled_records",
        "Records that wait on disk until the store is back.",
        (),
        one(None if store is None else store.spooled),
    )
    yield counter(
        "auditor_store_dropped_records",
        "Records for which there was no room left: evidence that is lost.",
        ("kind",),
        {} if store is None else by_word(store.dropped, _RECORDS),
    )
    yield gauge(
        "auditor_store_last_write_timestamp_seconds",
        "When the store last took records.",
        (),
        one(None if store is None else maybe_seconds(store.last_write)),
    )


def _sinks(state: SensorState) -> Iterator[Metric]:
    label = ("sink",)
    yield gauge(
        "auditor_sink_up",
        "Whether the sink takes what it is told.",
        label,
        by_word({name: each.failing_since is None for name, each in state.sinks.items()}),
    )
    yield counter(
        "auditor_sink_delivered",
        "News of incidents that the sink took.",
        label,
        by_word({name: each.delivered for name, each in state.sinks.items()}),
    )
    yield counter(
        "auditor_sink_dropped",
        "News of incidents for which there was no room.",
        label,
        by_word({name: each.dropped for name, each in state.sinks.items()}),
    )
    yield gauge(
        "auditor_sink_queued",
        "News of incidents that wait for the sink.",
        label,
        by_word({name: each.queued for name, each in state.sinks.items()}),
    )
