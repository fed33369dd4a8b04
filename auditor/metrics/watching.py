"""What came by: frames, bytes, what was lost, how full the engine is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from auditor.metrics.family import by_word, counter, gauge, one, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from auditor.model.health import SensorState
    from auditor.model.watch import InterfaceCounters

_TRANSPORTS = {"tcp": "tcp_flows", "udp": "udp_flows"}
_COUNTED = (
    ("auditor_duplicate_frames", "Frames that were captured before, and counted once.", "duplicate_frames"),
    ("auditor_fragments", "Fragments of packets.", "fragments"),
    ("auditor_midstream_flows", "TCP flows whose beginning was not captured.", "midstream_flows"),
    ("auditor_one_sided_flows", "TCP flows of which one direction alone was captured.", "one_sided_flows"),
    (
        "auditor_untied_flows",
        "Flows that look encrypted like BitTorrent and could be tied to no swarm.",
        "untied_flows",
    ),
)
"""Totals of the engine that say how well its vantage point sees."""


def watching(state: SensorState) -> Iterator[Metric]:
    """Yield what the interfaces and the engine count."""
    interfaces = () if state.watch is None else _by_last_name(state.watch.interfaces)
    yield from _interfaces(interfaces)
    discarded: Counter[str] = Counter()
    for each in interfaces:
        discarded.update(each.discarded)
    yield counter(
        "auditor_discarded_frames",
        "Frames that the sensor threw away itself, by reason.",
        ("reason",),
        by_word(discarded),
    )
    yield counter(
        "auditor_unseen_bytes",
        "Bytes that TCP acknowledged and nobody captured: a mirror port that drops.",
        (),
        one(state.unseen_bytes),
    )
    yield from _engine(state)


def _interfaces(interfaces: tuple[InterfaceCounters, ...]) -> Iterator[Metric]:
    label = ("interface",)
    # What is replayed is a file: where it lies is nobody's business.
    interfaces = tuple(each._replace(name=each.name.rsplit("/", 1)[-1]) for each in interfaces)
    yield counter("auditor_frames", "Frames that came by.", label, {(each.name,): each.frames for each in interfaces})
    yield counter(
        "auditor_bytes", "Bytes that came by, on the wire.", label, {(each.name,): each.bytes for each in interfaces}
    )
    yield counter(
        "auditor_lost_frames",
        "Frames for which the kernel had no room.",
        label,
        {(each.name,): each.lost for each in interfaces},
    )
    yield gauge(
        "auditor_interface_up",
        "Whether the interface is there, up and being captured.",
        label,
        {(each.name,): each.is_open for each in interfaces},
    )
    yield counter(
        "auditor_interface_openings",
        "How often the interface was opened: one more than it went away and returned.",
        label,
        {(each.name,): each.openings for each in interfaces},
    )
    yield gauge(
        "auditor_interface_last_frame_timestamp_seconds",
        "When the latest frame came by.",
        label,
        {(each.name,): seconds(each.last_frame) for each in interfaces if each.last_frame is not None},
    )


def _by_last_name(interfaces: Iterable[InterfaceCounters]) -> tuple[InterfaceCounters, ...]:
    """Call what is replayed, a file, without its folders: they have the names of people. Same names are one."""
    found: dict[str, InterfaceCounters] = {}
    for each in interfaces:
        name = each.name.rsplit("/", 1)[-1]
        other = found.get(name)
        found[name] = each._replace(name=name) if other is None else _together(other, each)
    return tuple(found.values())


def _together(one: InterfaceCounters, other: InterfaceCounters) -> InterfaceCounters:
    last = [each for each in (one.last_frame, other.last_frame) if each is not None]
    return one._replace(
        is_open=one.is_open and other.is_open,
        frames=one.frames + other.frames,
        bytes=one.bytes + other.bytes,
        lost=one.lost + other.lost,
        discarded=Counter(one.discarded) + Counter(other.discarded),
        openings=one.openings + other.openings,
        last_frame=max(last, default=None),
    )


def _engine(state: SensorState) -> Iterator[Metric]:
    watch = state.watch
    yield gauge("auditor_workers", "Workers that read frames.", (), one(None if watch is None else watch.workers))
    yield counter(
        "auditor_handed_on_frames",
        "Frames that the kernel gave to another worker than the one whose flow they are of.",
        (),
        one(None if watch is None else watch.handed_on),
    )
    yield counter(
        "auditor_flows",
        "Flows, BitTorrent or not.",
        ("transport",),
        by_word({transport: state.totals.get(total, 0) for transport, total in _TRANSPORTS.items()}),
    )
    for name, words, total in _COUNTED:
        yield counter(name, words, (), one(state.totals.get(total, 0)))
    tables = {} if watch is None else watch.tables
    yield gauge(
        "auditor_table_entries",
        "How full a table of the engine is.",
        ("table",),
        by_word({name: table.size for name, table in tables.items()}),
    )
    yield gauge(
        "auditor_table_capacity",
        "How full it may become, before something is evicted.",
        ("table",),
        by_word({name: table.cap for name, table in tables.items()}),
    )
    yield counter("auditor_limits_hit", "How often a cap was reached.", ("limit",), by_word(state.limits_hit))
    yield counter("auditor_anomalies", "Malformed or missing traffic, by kind.", ("kind",), by_word(state.anomalies))
