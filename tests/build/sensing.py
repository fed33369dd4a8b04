"""Parts of a sensor that a test moves by hand: clocks, a watch, what judges, a store and a sink."""

from __future__ import annotations

import io
import json
import logging
from collections import deque
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from auditor.model.attribution import Attribution
from auditor.model.health import SinkState, StoreState
from auditor.model.incident import Conduct, Incident, Judgement
from auditor.model.moment import NANOSECONDS
from auditor.model.scale import AmountBasis, Confidence, Participation, People, Severity, Verdict
from auditor.model.standing import Gravest, IncidentChange
from auditor.model.watch import Delta, FlowSeen, InterfaceCounters, WatchCounters
from auditor.sensor.clock import Moment
from tests.build.sighting import CONTRACTOR, NINE, connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.model.coverage import CoverageMinute
    from auditor.model.flow import Address
    from auditor.model.health import SensorState
    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import State

POLICY = """\
version: 1
purpose: test
announced: {{where: the notice board, on: 2026-01-31}}
retention: {{default: 180d}}
people: none
name: {name}
groups:
  - {{name: contractors, networks: [10.30.0.0/16], default: {{verdict: notice, reason: a contractor}}}}
  - {{name: unattributed, default: {{verdict: notice, reason: nobody's}}}}
  - {{name: unknown, default: {{verdict: notice, reason: not ours}}}}
rules:
  - {{id: sharing, group: contractors, verdict: violation, severity: high, reason: not here}}
"""
"""One that a sensor accepts; ``name`` is to be filled in."""


@contextmanager
def logging_put_back() -> Iterator[None]:
    """Let what runs within set up the logging of the process as it likes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


class ClockByHand:
    """Clocks that stand still until they are moved."""

    def __init__(self, wall: int = NINE) -> None:
        self.at = Moment(wall, 5 * NANOSECONDS)
        self.off: int | None = 1000

    def now(self) -> Moment:
        """Tell the time."""
        return self.at

    def offset(self) -> int | None:
        """Tell how far the clock is off."""
        return self.off

    def move(self, seconds: float, *, step: float = 0) -> None:
        """Let time pass, and the wall clock jump beside."""
        passed = round(seconds * NANOSECONDS)
        self.at = Moment(self.at.wall + passed + round(step * NANOSECONDS), self.at.steady + passed)


class Log:
    """A log whose lines are looked at."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.logger = structlog.wrap_logger(
            structlog.PrintLogger(self._stream),
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(default=str)],
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged."""
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of an event."""
        return [line for line in self.lines if line["event"] == event]


class WatchByHand:
    """Hands over what it is given; over once that is used up and it was stopped."""

    def __init__(self, *deltas: Delta, name: str = "mirror0") -> None:
        self.deltas = deque(deltas)
        self.name = name
        self.is_open = True
        self.error: str | None = None
        self.frames = 0
        self.lost = 0
        self.stopped = False
        self.failure: BaseException | None = None

    def drain(self, wait: float) -> Delta:  # noqa: ARG002 - a test does not wait
        """Return the next."""
        if self.failure is not None:
            raise self.failure
        if self.deltas:
            return self.deltas.popleft()
        return Delta(is_over=self.stopped)

    def counters(self) -> WatchCounters:
        """Return the counters."""
        interface = InterfaceCounters(
            self.name, self.is_open, self.frames, self.frames * 100, self.lost, {}, 1, None, self.error
        )
        return WatchCounters((interface,), {}, 0, 1)

    def stop(self) -> None:
        """Hand over the rest, and end."""
        self.stopped = True


class JudgingByHand:
    """Says of each delta what it is told to; or fails."""

    def __init__(self, *changes: Sequence[IncidentChange]) -> None:
        self.answers = deque(changes)
        self.ended: list[IncidentChange] = []
        self.advanced: list[int] = []
        self.policies: list[State[Policy]] = []
        self.directories: list[object] = []
        self.limits_hit: Mapping[str, int] = {}
        self.failure: Exception | None = None

    def take(self, delta: Delta) -> list[IncidentChange]:
        """Answer."""
        if self.failure is not None:
            raise self.failure
        return list(self.answers.popleft()) if self.answers and delta.flows else []

    def advance(self, now: int) -> list[IncidentChange]:
        """End what is to end."""
        self.advanced.append(now)
        ended, self.ended = self.ended, []
        return ended

    def replace_policy(self, state: State[Policy]) -> list[IncidentChange]:
        """Note it."""
        self.policies.append(state)
        return []

    def replace_directory(self, directory: object) -> list[IncidentChange]:
        """Note it."""
        self.directories.append(directory)
        return []


class Made(NamedTuple):
    """A record, as the loop sees one."""

    kind: str
    what: object


class MakingByHand:
    """Makes a record of each thing."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def of_turn(self, delta: Delta, changes: Iterable[IncidentChange]) -> list[Made]:
        """Of flows and incidents."""
        if self.failure is not None:
            raise self.failure
        return [Made("observation", flow) for flow in delta.flows] + [Made("incident", each) for each in changes]

    def of_coverage(self, minute: CoverageMinute) -> list[Made]:
        """Of a minute."""
        return [Made("coverage", minute)]

    def of_event(self, what: str, words: Mapping[str, Any], at: int) -> list[Made]:  # noqa: ARG002 - no id here
        """Of the sensor itself."""
        return [Made("sensor", (what, dict(words)))]


class StoreByHand:
    """Keeps records in a list."""

    def __init__(self) -> None:
        self.records: list[Made] = []
        self.dropped: dict[str, int] = {}
        self.failing_since: int | None = None
        self.error: str | None = None
        self.closed: float | None = None

    def put(self, records: Sequence[Made]) -> int:
        """Take all."""
        self.records += records
        return 0

    def state(self) -> StoreState:
        """Say how it goes."""
        return StoreState("memory", len(self.records), 0, 100, 0, self.dropped, self.failing_since, self.error, None)

    def close(self, timeout: float) -> bool:
        """End."""
        self.closed = timeout
        return True

    def of(self, kind: str) -> list[Any]:
        """What was recorded of a kind."""
        return [record.what for record in self.records if record.kind == kind]


class SinkByHand:
    """Keeps what it is told; or fails."""

    def __init__(self) -> None:
        self.told: list[IncidentChange] = []
        self.reports: list[SensorState] = []
        self.failure: Exception | None = None
        self.failing_since: int | None = None
        self.closed = False

    def tell(self, changes: Sequence[IncidentChange]) -> int:
        """Take all."""
        if self.failure is not None:
            raise self.failure
        self.told += changes
        return 0

    def report(self, state: SensorState) -> None:
        """Keep it."""
        self.reports.append(state)

    def state(self) -> SinkState:
        """Say how it goes."""
        return SinkState("memory", len(self.told), 0, 0, self.failing_since, None)

    def close(self, timeout: float) -> bool:  # noqa: ARG002 - nothing waits
        """End."""
        self.closed = True
        return True


def seen(number: int = 1, *, at: int = NINE, is_over: bool = False, host: str = CONTRACTOR) -> Delta:
    """A delta with one flow in which a host shares something."""
    flow = connection(host, "198.51.100.7", up=16384, at=at)
    return Delta(flows=(FlowSeen(number, flow, is_over),), seen_until=at)


def change(
    identifier: str = "i-1",
    *,
    verdict: Verdict = Verdict.VIOLATION,
    severity: Severity = Severity.HIGH,
    group: str = "contractors",
    rule: str | None = "sharing",
    down: int = 0,
    up: int = 16384,
    first: int = NINE,
    previous: IncidentChange | None = None,
    is_over: bool = False,
    merged: tuple[str, ...] = (),
    caused: int = NINE,
    host: Address | None = None,
) -> IncidentChange:
    """An incident that began, or went on."""
    conduct = Conduct(
        kind="swarm",
        vantage="mirror0",
        host=host or ip_address(CONTRACTOR),
        ports=(51000,),
        remote_ports=(6881,),
        first=first,
        last=caused,
        participation=Participation.TRANSFERRED,
        confidence=Confidence.CONFIRMED,
        detectors=("bt.handshake",),
        infohashes=None,
        downloaded=down,
        uploaded=up,
        amount_basis=AmountBasis.PIECES,
        flows=(1,),
        activities=(),
        frames=(),
        vlan=(),
        mac="52:54:00:12:34:56",
    )
    judgement = Judgement(verdict, rule, severity, "not here")
    incident = Incident(identifier, conduct, Attribution(group, "attributed"), judgement, None)
    gravest = Gravest(judgement, caused, "ab" * 32)
    if previous is not None and previous.gravest.judgement.verdict > verdict:
        gravest = previous.gravest
    return IncidentChange(
        incident,
        gravest,
        None if previous is None else previous.incident,
        merged,
        is_over,
        caused,
        (),
        People.NONE,
        "office",
    )
