"""The loop of the sensor: what is new is judged, counted, told and recorded, several times a second.

Each part may fail without the others: its error is caught and counted, and the loop goes on. Nothing in it waits but
for news; the store and the sinks have queues of their own.
"""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.model.watch import Delta
from auditor.sensor.coverage import is_gap
from auditor.sensor.errors import Seldom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from structlog.typing import FilteringBoundLogger

    from auditor.model.coverage import CanaryResult, CoverageMinute
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import WatchCounters
    from auditor.pipeline.run import Directory
    from auditor.policy.evaluate import Policy
    from auditor.sensor.clock import Clock
    from auditor.sensor.errors import Errors
    from auditor.sensor.exposed import Exposed
    from auditor.sensor.parts import Judging, Keeping, Making, Record, Storing, Telling, Watching
    from auditor.written.in_force import State

TICK = 0.5
"""Seconds that a turn waits for news at most."""
ADVANCE = 10 * NANOSECONDS
"""How far time moves before idle incidents are looked for again."""
QUIET = 5 * NANOSECONDS
"""Frames are handed over this long after they came, at the latest: where none comes, time has passed all the same."""
FAR_BACK = 60 * MINUTE
"""A clock that is set back so far leaves incidents behind that seem to lie in the future, and hold up all others."""
REPORT = MINUTE
"""How often sinks are told how the sensor is."""
WAIT = 0.01
"""Seconds between two looks at a store that does not keep up."""
MAX_FAILURES = 50
"""Turns in a row in which the engine fails before it is given up."""


class Broken(RuntimeError):  # noqa: N818 - it says in one word what the engine is
    """The engine fails each time it is asked: whoever started the sensor starts it anew."""


class Loop:
    """Turns what a watch sees into records, incidents and figures."""

    def __init__(
        self,
        *,
        watch: Watching,
        standing: Judging,
        making: Making,
        store: Storing | None,
        sinks: Mapping[str, Telling],
        exposed: Exposed,
        clock: Clock,
        errors: Errors,
        log: FilteringBoundLogger,
        is_live: bool,
        seen: Keeping | None = None,
        tell: Callable[[Sequence[IncidentChange]], None] | None = None,
        tick: float = TICK,
    ) -> None:
        """``is_live`` says that frames come as they happen, so that their times are those of the clock."""
        self._watch = watch
        self._standing = standing
        self._making = making
        self._store = store
        self._sinks = sinks
        self._exposed = exposed
        self._minutes = exposed.minutes
        self._clock = clock
        self._errors = errors
        self._log = log
        self._seldom = Seldom(clock)
        self._is_live = is_live
        self._seen = seen
        self._tell = tell
        self._tick = tick
        self._posted: deque[Callable[[], None]] = deque()
        self._advanced: int | None = None
        self._dropped: Mapping[str, int] = {}
        self._offset_asked: int | None = None
        self._failures = 0
        self.must_begin_anew = False
        """The clock was set far back: what is kept by times must be read from the store again."""
        self._open: dict[str, tuple[bool, int]] = {}
        self._reported: int | None = None
        self._policy: Policy = exposed.policy.state.value

    # -- from other threads --------------------------------------------------------------------------------------------

    def post(self, what: Callable[[], None]) -> None:
        """Have something done between two turns, by the thread of the loop."""
        self._posted.append(what)

    def put_policy(self, state: State[Policy]) -> None:
        """Put a new policy in force; to be posted."""
        with self._errors.guard("policy"):
            self._policy = state.value
            self._exposed.expect(state.value)
            self._changed(self._standing.replace_policy(state))

    def put_directory(self, directory: Directory | None) -> None:
        """Put what identity sources say in force; to be posted."""
        with self._errors.guard("identity"):
            self._changed(self._standing.replace_directory(directory))

    def put_canary(self, result: CanaryResult) -> None:
        """Take in a test of the whole; to be posted."""
        self._minutes.canary(result)
        self._exposed.tested(result)

    def put_event(self, what: str, words: Mapping[str, Any]) -> None:
        """Record what happened to the sensor; to be posted."""
        with self._errors.guard("records"):
            self._put(self._making.of_event(what, words, self._clock.now().wall))

    # -- the loop ------------------------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Do one turn; return false once the source is over.

        Raises:
            Broken: if the engine has failed for many turns.
        """
        delta = self._drain()
        self._keep(delta)
        while self._posted:
            with self._errors.guard("posted"):
                self._posted.popleft()()
        self._work(delta)
        self._look(delta)
        return not delta.is_over

    def finish(self) -> None:
        """Record what is left of coverage, once the source is over."""
        with self._errors.guard("coverage"):
            for minute in self._minutes.finish(self._clock.now(), self._counters(), self._exposed.clock_offset):
                self._cover(minute)

    def _drain(self) -> Delta:
        with self._errors.guard("capture") as guard:
            delta = self._watch.drain(self._tick)
        if not guard.failed:
            self._failures = 0
            return delta
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            raise Broken("the engine fails each time it is asked")
        time.sleep(self._tick)
        return Delta()

    def _keep(self, delta: Delta) -> None:
        """Keep what tells who has which address.

        Captures that are played wait until a directory of it is in force; frames that happen do not.
        """
        if self._seen is None:
            return
        with self._errors.guard("seen"):
            self._seen.take(delta)
            if not self._is_live:
                self._seen.look_ahead(is_over=delta.is_over)

    def _work(self, delta: Delta) -> None:
        changes: list[IncidentChange] = []
        with self._errors.guard("judging") as guard:
            changes = self._standing.take(delta)
        if guard.failed:
            self._minutes.discard("not-judged", len(delta.flows) + len(delta.activities))
        with self._errors.guard("state"):
            self._exposed.update(delta, changes, self._policy)
            if self._is_live and changes:
                self._exposed.delayed(changes, self._clock.now().wall)
        self._hand_on(delta, changes)
        self._changed(self._advance(delta))

    def _advance(self, delta: Delta) -> list[IncidentChange]:
        """End what has been idle, now and then."""
        now = delta.seen_until
        if self._is_live:
            now = max(now or 0, self._clock.now().wall - QUIET)
        if now is None or (self._advanced is not None and now - self._advanced < ADVANCE):
            return []
        self._advanced = now
        with self._errors.guard("judging"):
            return self._standing.advance(now)
        return []

    def _changed(self, changes: Sequence[IncidentChange]) -> None:
        """Take in incidents that changed without anything new being seen."""
        if not changes:
            return
        with self._errors.guard("state"):
            self._exposed.judged(changes, self._policy)
        self._hand_on(Delta(), changes)

    def _hand_on(self, delta: Delta, changes: Sequence[IncidentChange]) -> None:
        if changes:
            for name, sink in self._sinks.items():
                with self._errors.guard(f"sink {name}"):
                    sink.tell(changes)
            if self._tell is not None:
                with self._errors.guard("telling"):
                    self._tell(changes)
        with self._errors.guard("records") as guard:
            self._put(self._making.of_turn(delta, changes))
        if guard.failed:
            self._minutes.discard("not-recorded", len(delta.flows) + len(changes))

    def put_records(self, records: Sequence[Record]) -> None:
        """Record what others made; to be posted."""
        self._put(records)

    def _put(self, records: Sequence[Record]) -> None:
        if self._store is None or not records:
            return
        self._store.put(records)
        if not self._is_live:
            self._wait_for_store(self._store)

    def _wait_for_store(self, store: Storing) -> None:
        """Captures that are played can wait where frames that happen cannot: until the store keeps up, or fails."""
        while True:
            state = store.state()
            if state.queued * 2 <= state.capacity or state.failing_since is not None:
                return
            time.sleep(WAIT)

    # -- what was watched, and how it goes -----------------------------------------------------------------------------

    def _counters(self) -> WatchCounters | None:
        with self._errors.guard("counters"):
            return self._watch.counters()
        return None

    def _look(self, delta: Delta) -> None:
        counters = self._counters()
        now = self._clock.now()
        self._exposed.turned = now.steady
        with self._errors.guard("coverage"):
            self._minutes.unseen(delta.totals.get("unseen_bytes", 0))
            if self._offset_asked is None or now.steady - self._offset_asked >= MINUTE // 6:
                self._offset_asked = now.steady
                self._exposed.clock_offset = self._clock.offset()
            self._look_at_store()
            steps = self._minutes.steps
            for minute in self._minutes.look(now, counters, self._exposed.clock_offset):
                self._cover(minute)
            if self._minutes.steps != steps:
                step = self._minutes.last_step
                self._log.warning("the clock was set", seconds=step / NANOSECONDS)
                self.must_begin_anew = self.must_begin_anew or (self._is_live and step <= -FAR_BACK)
        if self._is_live and not delta.is_over:
            with self._errors.guard("log"):
                self._say_interfaces(counters)
        if self._sinks and (self._reported is None or now.steady - self._reported >= REPORT):
            self._reported = now.steady
            self._report()

    def _cover(self, minute: CoverageMinute) -> None:
        if is_gap(minute):
            self._exposed.coverage_gaps += 1
        with self._errors.guard("records"):
            self._put(self._making.of_coverage(minute))

    def _look_at_store(self) -> None:
        """Count what the store had no room for as thrown away; that it fails, it says itself."""
        if self._store is None:
            return
        state = self._store.state()
        for kind, count in state.dropped.items():
            self._minutes.discard(f"store-{kind}", count - self._dropped.get(kind, 0))
        self._dropped = dict(state.dropped)

    def _report(self) -> None:
        """Tell the sinks how the sensor is."""
        state = self._exposed.state()
        for name, sink in self._sinks.items():
            with self._errors.guard(f"sink {name}"):
                sink.report(state)

    def _say_interfaces(self, counters: WatchCounters | None) -> None:
        """Log once that an interface is down, and once that it is captured."""
        for each in counters.interfaces if counters is not None else ():
            is_open, lost = self._open.get(each.name, (None, 0))
            if each.is_open != is_open:
                if each.is_open:
                    self._log.info("interface captured", interface=each.name)
                else:
                    self._log.error("interface not captured", interface=each.name, error=each.error)
            if each.lost > lost:
                say = partial(self._log.warning, "frames lost", interface=each.name, lost=each.lost)
                self._seldom.say(f"lost {each.name}", say)
            self._open[each.name] = (each.is_open, each.lost)
