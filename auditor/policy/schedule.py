"""When a rule holds: hours and days on a wall clock, and an interval of validity.

The clock on the wall decides. A moment is within ``hours`` if a clock in the policy's zone shows such a time at that
moment: on the day the clocks go back, 02:30-03:00 happens twice and both count; on the day they go forward, an hour
that no clock shows does not happen. A span over midnight belongs to the day on which it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.policy import spans as spanning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from auditor.policy.spans import Spans

NANOSECONDS = 1_000_000_000
_DAY = 86_400
_WEEK = 7 * _DAY
_QUARTER = 15 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; Monday is 0."""

Hours = tuple[int, int]
"""Minutes since midnight; an end past 1440 lies on the next day."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of the week at which a rule holds."""

    spans: Spans
    """Half-open, in seconds since Monday's midnight, merged and sorted; the last may reach past the week's end."""
    zone: ZoneInfo

    @classmethod
    def weekly(cls, hours: Hours | None, days: Iterable[int] | None, zone: ZoneInfo) -> Schedule:
        """Build the schedule of ``hours`` on ``days``; what is ``None`` does not limit."""
        start, end = hours or (0, 24 * 60)
        chosen = sorted(set(range(7) if days is None else days))
        return cls(spanning.merge((day * _DAY + start * 60, day * _DAY + end * 60) for day in chosen), zone)

    def covers(self, first: int, last: int) -> bool:
        """Whether every moment from ``first`` to ``last`` (nanoseconds, both included) is within the schedule."""
        weeks = self._unrolled
        return self._always or all(
            spanning.holds(weeks, at, at + length + 1) for at, length in _pieces(first, last, self.zone)
        )

    def touches(self, first: int, last: int) -> bool:
        """Whether any moment from ``first`` to ``last`` is within the schedule."""
        weeks = self._unrolled
        return self._always or any(
            spanning.meets(weeks, at, at + length + 1) for at, length in _pieces(first, last, self.zone)
        )

    def includes(self, other: Schedule) -> bool:
        """Whether each time of ``other``'s week is within this schedule's too."""
        weeks = self._unrolled
        return self._always or all(spanning.holds(weeks, start + _WEEK, end + _WEEK) for start, end in other.spans)

    @property
    def _always(self) -> bool:
        return self.spans == ((0, _WEEK),)

    @property
    def _unrolled(self) -> Spans:
        """Three weeks in a row: what happens in the middle one sees the spans on both sides of its ends."""
        return _three_weeks(self.spans)


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``start`` up to ``end``, in nanoseconds since the epoch; ``None`` is open."""

    start: int | None = None
    end: int | None = None

    @classmethod
    def of(cls, since: date | datetime | None, until: date | datetime | None, zone: ZoneInfo) -> Interval:
        """Build the interval between two days of ``zone``, both included, or between two exact times."""
        return cls(
            None if since is None else _instant(since, zone, days=0),
            None if until is None else moment_after(until, zone),
        )

    @property
    def empty(self) -> bool:
        """Whether no moment is within."""
        return self.start is not None and self.end is not None and self.end <= self.start

    def covers(self, first: int, last: int) -> bool:
        """Whether every moment from ``first`` to ``last`` is within."""
        return (self.start is None or self.start <= first) and (self.end is None or last < self.end)

    def touches(self, first: int, last: int) -> bool:
        """Whether any moment from ``first`` to ``last`` is within."""
        return (self.start is None or self.start <= last) and (self.end is None or first < self.end)

    def includes(self, other: Interval) -> bool:
        """Whether ``other`` lies within this interval."""
        starts = self.start is None or (other.start is not None and self.start <= other.start)
        ends = self.end is None or (other.end is not None and other.end <= self.end)
        return starts and ends


def moment_after(until: date | datetime, zone: ZoneInfo) -> int:
    """Return the nanosecond at which what is so ``until`` then is so no longer: a day is included."""
    return _instant(until, zone, days=1)


@lru_cache(maxsize=1024)
def _three_weeks(spans: Spans) -> Spans:
    return spanning.merge((start + k * _WEEK, end + k * _WEEK) for k in range(3) for start, end in spans)


def _instant(when: date | datetime, zone: ZoneInfo, *, days: int) -> int:
    """Return the nanosecond at which ``when`` begins; for a plain date, ``days`` later."""
    if not isinstance(when, datetime):
        # The earlier of two midnights, or the end of a gap that swallowed it: what fold=0 gives.
        when = datetime.combine(min(when, date.max - timedelta(days=2)) + timedelta(days=days), time(), zone)
    return (when - _EPOCH) // timedelta(microseconds=1) * 1000


def _pieces(first: int, last: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Cut a stretch of time into pieces of a day or less, over which the wall clock runs evenly.

    Yields, for each, the wall clock's place in the middle one of three weeks, and the seconds that follow on it. Whole
    seconds are enough: schedules change on whole minutes.
    """
    at, end = first // NANOSECONDS, last // NANOSECONDS
    while at <= end:
        stop = min(end, at + _DAY)
        offset = _offset(at, zone)
        if _offset(stop, zone) != offset:
            stop = _last_before_change(at, stop, zone)
        yield (at + offset + _EPOCH_WEEKDAY * _DAY) % _WEEK + _WEEK, stop - at
        at = stop + 1


def _last_before_change(at: int, stop: int, zone: ZoneInfo) -> int:
    """Return the last second in which the zone's offset still is what it was at ``at``."""
    offset = _offset(at, zone)
    while stop - at > 1:
        middle = (at + stop) // 2
        if _offset(middle, zone) == offset:
            at = middle
        else:
            stop = middle
    return at


def _offset(seconds: int, zone: ZoneInfo) -> int:
    """Return by how many seconds the wall clock is ahead of UTC: that of a quarter of an hour holds for all of it."""
    quarter = seconds // _QUARTER
    offset = _offset_over(quarter, zone)
    return _offset_at(seconds, zone) if offset is None else offset


@lru_cache(maxsize=1 << 16)
def _offset_over(quarter: int, zone: ZoneInfo) -> int | None:
    """Return the offset of a whole quarter of an hour, ``None`` where it changes in between."""
    first, last = (_offset_at(at, zone) for at in (quarter * _QUARTER, (quarter + 1) * _QUARTER - 1))
    return first if first == last else None


def _offset_at(seconds: int, zone: ZoneInfo) -> int:
    moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    shift = moment.utcoffset()
    return 0 if shift is None else int(shift.total_seconds())
