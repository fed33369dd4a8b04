"""One record for every minute of watching: what came by, what was lost, and why there are holes.

The minutes are those of the wall clock, and what is measured within them is measured by the steady one. Where the wall
clock jumps, the minute that it leaves is closed and says by how much; a minute that it comes to twice has two records.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.coverage import CoverageMinute
from auditor.model.moment import MINUTE, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.coverage import CanaryResult
    from auditor.model.watch import WatchCounters
    from auditor.sensor.clock import Moment

STEP = 100_000_000
"""Nanoseconds by which the two clocks must part between two looks to call it a jump: slewing takes minutes for that."""
FULL = MINUTE - NANOSECONDS // 2
"""Watched so long, a minute was watched: opening an interface anew takes no longer."""
SHORT = MINUTE - FULL
"""Nanoseconds for which an interface may be down before that is a gap."""


class _Read(NamedTuple):
    """The counters that only grow, as they were read last."""

    frames: int = 0
    bytes: int = 0
    lost: int = 0
    discarded: Mapping[str, int] = {}


class Minutes:
    """Makes the minutes out of looks at the counters, which are taken several times a second."""

    def __init__(self, sensor: str, now: Moment, *, restarts: int = 1) -> None:
        self._sensor = sensor
        self._last = now
        self._counted = _Read()
        self._is_open: dict[str, bool] = {}
        self.steps = 0
        """How often the wall clock jumped."""
        self.last_step = 0
        self.watched = 0
        """Nanoseconds watched since the start."""
        self._restarts = restarts
        self._begin(now.wall)

    def _begin(self, wall: int) -> None:
        self._minute = wall - wall % MINUTE
        self._watched = 0
        self._down: Counter[str] = Counter()
        self._step = 0
        self._unseen_bytes = 0
        self._discarded: Counter[str] = Counter()
        self._canaries: list[CanaryResult] = []
        self._base = self._counted

    def discard(self, reason: str, count: int) -> None:
        """Count what the sensor itself threw away."""
        if count:
            self._discarded[reason] += count

    def unseen(self, count: int) -> None:
        """Count bytes that TCP acknowledged and nobody captured."""
        self._unseen_bytes += count

    def canary(self, result: CanaryResult) -> None:
        """Add a test of the whole."""
        self._canaries.append(result)

    def look(self, now: Moment, counters: WatchCounters | None, offset: int | None) -> list[CoverageMinute]:
        """Take in the counters; return the minutes that are over by now.

        ``offset`` is by how much the clock is off. What was counted since the last look is of the minute that it lies
        in: looks are close enough together.
        """
        passed = max(now.steady - self._last.steady, 0)
        step = now.wall - self._last.wall - passed
        was_open = self._is_open
        self._last = now
        self._counted, self._is_open = _count(self._counted, counters)
        done = []
        if abs(step) >= STEP:
            self.steps += 1
            self.last_step = step
            self._step += step
            self._pass(passed, was_open)
            if now.wall - now.wall % MINUTE != self._minute:
                done.append(self._close(offset))
                self._begin(now.wall)
            return done
        while now.wall >= self._minute + MINUTE:
            rest = min(now.wall - self._minute - MINUTE, passed)  # of what passed, lies behind the minute's end
            self._pass(passed - rest, was_open)
            done.append(self._close(offset))
            self._begin(self._minute + MINUTE)
            passed = rest
        self._pass(passed, was_open)
        return done

    def finish(self, now: Moment, counters: WatchCounters | None, offset: int | None) -> list[CoverageMinute]:
        """Return what is left at the end, the last minute as far as it went."""
        return [*self.look(now, counters, offset), self._close(offset)]

    def _pass(self, passed: int, is_open: Mapping[str, bool]) -> None:
        if any(is_open.values()):
            self._watched += passed
            self.watched += passed
        for interface, was_open in is_open.items():
            if not was_open:
                self._down[interface] += passed

    def _close(self, offset: int | None) -> CoverageMinute:
        base, counted = self._base, self._counted
        discarded = self._discarded + Counter(
            {reason: count - base.discarded.get(reason, 0) for reason, count in counted.discarded.items()}
        )
        minute = CoverageMinute(
            sensor=self._sensor,
            begin=self._minute,
            watched=self._watched,
            frames=counted.frames - base.frames,
            bytes=counted.bytes - base.bytes,
            lost=counted.lost - base.lost,
            discarded=dict(sorted(discarded.items())),
            unseen_bytes=self._unseen_bytes,
            down=dict(sorted(self._down.items())),
            clock_step=self._step,
            clock_offset=offset,
            restarts=self._restarts,
            canaries=tuple(self._canaries),
        )
        self._restarts = 0
        return minute


def _count(before: _Read, counters: WatchCounters | None) -> tuple[_Read, dict[str, bool]]:
    """Add up over the interfaces; a counter that cannot be read keeps what it was, and nothing is open."""
    if counters is None:
        return before, {}
    discarded: Counter[str] = Counter()
    for interface in counters.interfaces:
        discarded.update(interface.discarded)
    read = _Read(
        sum(each.frames for each in counters.interfaces),
        sum(each.bytes for each in counters.interfaces),
        sum(each.lost for each in counters.interfaces),
        discarded,
    )
    return read, {each.name: each.is_open for each in counters.interfaces}


def is_gap(minute: CoverageMinute) -> bool:
    """Whether something of a minute was not watched: time, an interface, or frames."""
    is_down = any(time > SHORT for time in minute.down.values())
    return minute.watched < FULL or bool(minute.lost) or bool(minute.unseen_bytes) or is_down
