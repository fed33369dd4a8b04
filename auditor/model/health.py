"""The state of a sensor at one moment, as one value: what metrics, health checks and the status line read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.coverage import CanaryResult
    from auditor.model.watch import WatchCounters


class FileState(NamedTuple):
    """A file in force: the policy, or the identity sources."""

    sha256: str | None
    last_success: int
    """Nanoseconds since the epoch, as all times here."""
    last_failure: int | None
    loads: int
    failures: int
    is_stale: bool
    """The file as it is now is bad: an older one is in force."""


class SourceState(NamedTuple):
    """An identity source."""

    kind: str
    newest: int | None
    """The time of its newest statement."""
    refused: int
    """Lines that could not be read."""


class StoreState(NamedTuple):
    """The evidence store as its writer sees it."""

    backend: str
    acknowledged: int
    """Records that are durable."""
    queued: int
    capacity: int
    spooled: int
    """Records that wait on disk beside the store."""
    dropped: Mapping[str, int]
    """Records for which there was no room, by kind."""
    failing_since: int | None
    error: str | None
    """The last thing that went wrong, harmless to print."""
    last_write: int | None


class SinkState(NamedTuple):
    """A sink that is told of incidents."""

    kind: str
    delivered: int
    queued: int
    dropped: int
    failing_since: int | None
    error: str | None


class OpenIncident(NamedTuple):
    """An open violation, by opaque id."""

    id: str
    group: str
    severity: str
    rule: str


@dataclass(frozen=True, slots=True)
class SensorState:
    """Everything that is exposed of a running sensor. Counters count from its start."""

    version: str
    sensor: str
    started: int
    is_ready: bool
    watch: WatchCounters | None
    totals: Mapping[str, int]
    limits_hit: Mapping[str, int]
    anomalies: Mapping[str, int]
    observations: Mapping[tuple[str, str], int]
    """By detector and confidence."""
    incidents: Mapping[tuple[str, str, str, str], int]
    """Incidents that began, by group, verdict, severity and kind; one whose verdict grows graver counts under both."""
    incident_bytes: Mapping[tuple[str, str, str], int]
    """By group, verdict and direction (``down``, ``up``)."""
    open_incidents: Mapping[tuple[str, str, str], int]
    """Now open, by group, verdict and severity."""
    open_violations: tuple[OpenIncident, ...]
    """The newest 100."""
    open_violations_left_out: int
    watched_seen: Mapping[str, int]
    """Incidents in which a torrent of a policy list was seen, by list."""
    unapproved_uploads: Mapping[str, int]
    """Incidents in which a host gave content and the verdict is a violation, by group."""
    policy: FileState
    policy_name: str
    identity: FileState | None
    lapsed_exceptions: int
    sources: Mapping[str, SourceState]
    """By the name of the identity source."""
    store: StoreState | None
    sinks: Mapping[str, SinkState]
    """By name."""
    reviews: Mapping[str, int]
    """Notes on incidents by status."""
    coverage_watched: int
    """Nanoseconds watched since the start."""
    coverage_gaps: int
    """Minutes in which nothing or not everything was watched."""
    unseen_bytes: int
    clock_step: int
    """Nanoseconds of the last jump of the wall clock."""
    clock_steps: int
    clock_offset: int | None
    canary: CanaryResult | None
    canaries: Mapping[str, int]
    """By result: ``seen``, ``missed``, ``failed``."""
    delays: tuple[tuple[float, int], ...]
    """Seconds from a frame to the verdict that it caused, cumulative: (upper bound, count), the last bound inf."""
    delay_sum: float
    delay_exemplar: str | None = None
    """The id of an incident of which the latest verdict is."""
    restarts: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    """Errors of our own that were caught, by place."""
    delay_latest: float | None = None
    """Seconds from a frame to the latest verdict, which is that of the incident ``delay_exemplar``."""
    canary_seen: int | None = None
    """When a canary was last seen."""
    canary_every: int | None = None
    """Nanoseconds between canaries; ``None`` where they are sent on request alone."""
    awaits_restart: bool = False
    """The policy in force has other networks, listed torrents or another `vlan_in_key` than the engine began with."""
