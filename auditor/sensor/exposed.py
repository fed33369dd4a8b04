"""The state of the sensor as one value, put together when it is asked for, from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from auditor import __version__
from auditor.model.health import FileState, SensorState, SourceState
from auditor.model.moment import NANOSECONDS
from auditor.sensor.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from auditor.identity.load import Built
    from auditor.model.coverage import CanaryResult
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import Delta
    from auditor.policy.evaluate import Policy
    from auditor.sensor.clock import Clock
    from auditor.sensor.coverage import Minutes
    from auditor.sensor.errors import Errors
    from auditor.sensor.parts import Judging, Storing, Telling, Watching
    from auditor.written.in_force import InForce

T = TypeVar("T")

STUCK = 30 * NANOSECONDS
"""A loop that has not turned for so long is stuck."""


@dataclass
class Exposed:
    """What of a running sensor is exposed, with the parts that know it."""

    sensor: str
    started: int
    clock: Clock
    errors: Errors
    minutes: Minutes
    policy: InForce[Policy]
    identity: InForce[Built] | None
    watch: Watching | None = None
    standing: Judging | None = None
    store: Storing | None = None
    sinks: Mapping[str, Telling] = field(default_factory=dict)
    reviews: Callable[[], Mapping[str, int]] = dict
    """Counts the notes on incidents, which others write into the store."""
    is_ready: bool = False
    turned: int | None = None
    """When the loop last turned, by the steady clock."""
    restarts: int = 0
    """Earlier runs that the store knows of."""
    coverage_gaps: int = 0
    clock_offset: int | None = None
    canary: CanaryResult | None = None
    canary_seen: int | None = None
    canary_every: int | None = None
    awaits_restart: bool = False
    """The policy in force changes what the engine was told when it began."""
    canaries: Counter[str] = field(default_factory=lambda: Counter(seen=0, missed=0, failed=0))
    limits: Callable[[], Mapping[str, int]] = dict
    """Caps that were reached beside those of the engine and of what judges."""
    sizes: Callable[[], Mapping[str, int]] = dict
    """How much the parts keep, for tests of memory."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.figures = Figures()
        self.figures.expect(self.policy.state.value)

    def expect(self, policy: Policy) -> None:
        """Let the counts of a new policy begin at nothing."""
        with self._lock:
            self.figures.expect(policy)

    def update(self, delta: Delta, changes: Sequence[IncidentChange], policy: Policy) -> None:
        """Take in one turn of the loop: from here on it can be seen."""
        with self._lock:
            self.figures.see(delta)
            self.figures.judge(changes, policy)

    def judged(self, changes: Sequence[IncidentChange], policy: Policy) -> None:
        """Take in what changed without anything new being seen."""
        with self._lock:
            self.figures.judge(changes, policy)

    def delayed(self, changes: Iterable[IncidentChange], now: int) -> None:
        """Measure how old news is by the time it can be seen."""
        with self._lock:
            for change in changes:
                self.figures.delayed(change, now)

    def tested(self, result: CanaryResult) -> None:
        """Take in a test of the whole."""
        with self._lock:
            self.canary = result
            word = "failed" if result.error is not None else "seen" if result.is_seen else "missed"
            self.canaries[word] += 1
            if result.is_seen:
                self.canary_seen = result.at

    @property
    def is_healthy(self) -> bool:
        """Whether the loop turns, or has not begun to."""
        return self.turned is None or self.clock.now().steady - self.turned < STUCK

    def state(self) -> SensorState:
        """Put everything together."""
        counters = self._asked("counters", None if self.watch is None else self.watch.counters, None)
        store = self._asked("store", None if self.store is None else self.store.state, None)
        sinks = {name: state for name, sink in self.sinks.items() if (state := self._asked("sinks", sink.state, None))}
        nothing: Mapping[str, int] = {}
        reviews = self._asked("reviews", self.reviews, nothing)
        limits = self._asked("standing", lambda: self.standing.limits_hit if self.standing else nothing, nothing)
        others = self._asked("seen", self.limits, nothing)
        policy = self.policy.state.value
        with self._lock:
            figures = self.figures
            return SensorState(
                version=__version__,
                sensor=self.sensor,
                started=self.started,
                is_ready=self.is_ready,
                watch=counters,
                totals=dict(figures.totals),
                limits_hit=dict(figures.limits_hit + Counter(limits) + Counter(others)),
                anomalies=dict(figures.anomalies),
                observations=dict(figures.observations),
                incidents=dict(figures.incidents),
                incident_bytes=dict(figures.incident_bytes),
                open_incidents=dict(figures.open),
                open_violations=figures.newest,
                open_violations_left_out=figures.left_out,
                watched_seen=dict(figures.watched_seen),
                unapproved_uploads=dict(figures.unapproved_uploads),
                policy=file_state(self.policy),
                policy_name=policy.name,
                identity=None if self.identity is None else file_state(self.identity),
                lapsed_exceptions=lapsed(policy, self.clock.now().wall),
                sources={} if self.identity is None else dict(_sources(self.identity.state.value)),
                store=store,
                sinks=sinks,
                reviews=dict(reviews),
                coverage_watched=self.minutes.watched,
                coverage_gaps=self.coverage_gaps,
                unseen_bytes=figures.totals["unseen_bytes"],
                clock_step=self.minutes.last_step,
                clock_steps=self.minutes.steps,
                clock_offset=self.clock_offset,
                canary=self.canary,
                canaries=dict(self.canaries),
                delays=figures.delays,
                delay_sum=figures.delay_sum,
                delay_exemplar=figures.delay_exemplar,
                restarts=self.restarts,
                errors=self.errors.counts,
                delay_latest=figures.delay_latest,
                canary_seen=self.canary_seen,
                canary_every=self.canary_every,
                awaits_restart=self.awaits_restart,
            )

    def _asked(self, place: str, ask: Callable[[], T] | None, otherwise: T) -> T:
        """Ask a part, which may fail: what is exposed then is that it did."""
        if ask is None:
            return otherwise
        with self.errors.guard(f"state of {place}"):
            return ask()
        return otherwise


def file_state(held: InForce[T]) -> FileState:
    """Say how a file in force is."""
    return FileState(held.state.sha256, held.last_success, held.last_failure, held.loads, held.failures, held.is_stale)


def lapsed(policy: Policy, now: int) -> int:
    """Count the exceptions that have ended."""
    ends = (getattr(rule.term.times, "end", None) for rule in policy.exceptions if rule.term is not None)
    return sum(end is not None and end <= now for end in ends)


def _sources(built: Built) -> Iterator[tuple[str, SourceState]]:
    for source in built.read.sources:
        yield source.name, SourceState(source.kind, source.newest, sum(file.refused for file in source.files))
