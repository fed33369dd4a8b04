"""What a watch that goes on hands over: the facts that are new since it was last asked, and its counters.

A flow is handed over as soon as it shows BitTorrent, again whenever it shows more, and a last time once it is over:
each time whole, under the same number. Who keeps the latest of each number has what an audit of the same frames has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.activity import Activity
    from auditor.model.binding import Binding, Lease
    from auditor.model.flow import Flow, FrameRef
    from auditor.model.torrent import SeenTorrent


class FlowSeen(NamedTuple):
    """A flow as it is known now."""

    id: int
    """The same each time, and no other flow's within one watch."""
    flow: Flow
    is_over: bool
    """Nothing will change it any more."""


class ActivitySeen(NamedTuple):
    """A host's talk with the DHT as it is known now."""

    id: int
    activity: Activity
    is_over: bool


class Slice(NamedTuple):
    """The beginning of a frame that proves an observation: its headers, and what of the payload may be kept."""

    frame: FrameRef
    time: int
    """Nanoseconds since the epoch."""
    link: int
    """The link type as pcapng writes it (LINKTYPE_…)."""
    wire_len: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Delta:
    """What is new since the watch was last asked."""

    flows: tuple[FlowSeen, ...] = ()
    activities: tuple[ActivitySeen, ...] = ()
    withdrawn_flows: tuple[int, ...] = ()
    """Of earlier ones: flows that show nothing after all, since what was read in them was something else."""
    withdrawn_activities: tuple[int, ...] = ()
    """Of earlier ones: activities that turned out to be a part of another."""
    torrents: tuple[SeenTorrent, ...] = ()
    """New ones, which go on where the earlier ones ended: ``Verified.torrent`` counts from the watch's first."""
    bindings: tuple[Binding, ...] = ()
    leases: tuple[Lease, ...] = ()
    slices: tuple[Slice, ...] = ()
    limits_hit: Mapping[str, int] = field(default_factory=dict)
    """How often caps were reached since the last time."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """As of an audit, since the last time; ``unseen_bytes`` is what TCP acknowledged and nobody captured."""
    anomalies: Mapping[str, int] = field(default_factory=dict)
    seen_until: int | None = None
    """The frames' own time up to which everything is in this or an earlier delta; ``None`` before the first frame."""
    is_over: bool = False
    """The source has ended, or was stopped: this is the last one."""


class InterfaceCounters(NamedTuple):
    """What came by at one interface since the watch began."""

    name: str
    is_open: bool
    """It is there, up, and being captured."""
    frames: int
    bytes: int
    """On the wire."""
    lost: int
    """Frames for which the kernel had no room."""
    discarded: Mapping[str, int]
    """Frames that we threw away ourselves, by reason."""
    openings: int
    """How often it was opened: one more than it went away and returned."""
    last_frame: int | None
    """Nanoseconds since the epoch."""
    error: str | None
    """Why it is not open."""


class Table(NamedTuple):
    """How full one of the engine's tables is."""

    size: int
    cap: int


class WatchCounters(NamedTuple):
    """A cheap look at a watch, at any time and from any thread."""

    interfaces: tuple[InterfaceCounters, ...]
    tables: Mapping[str, Table]
    """``flows``, ``held_bytes``, ``standing_flows`` …"""
    handed_on: int
    """Frames that the kernel gave to another worker than the one whose flow they are of."""
    workers: int
