"""Times as files write them: seconds since the epoch, and clocks on the wall of a named zone.

A local time may come twice in a year or never. It is then both of its readings: an interval that starts with it starts
at the earlier one, and an interval that ends with it ends at the later one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

Span = tuple[int, int]
"""The earliest and the latest moment that a time may mean, in nanoseconds since the epoch: mostly the same."""

LATEST = 253_402_300_799
"""The last second of the year 9999."""
_EARLIEST = 1970
_DAY = 86_400
_DAYS_KEPT = 4096
_MINUTE_OF_DAY = {
    b"%02d:%02d" % (hour, minute): 60 * (60 * hour + minute) for hour in range(24) for minute in range(60)
}
_SECOND = {b":%02d" % second: second for second in range(60)} | {b":60": 59}
"""A leap second is the one before it."""


def second_of_day(text: bytes) -> int:
    """Read ``12:53:07``; raise ``ValueError`` for anything else."""
    minute, second = _MINUTE_OF_DAY.get(text[:5]), _SECOND.get(text[5:])
    if minute is None or second is None:
        raise ValueError("the time is not HH:MM:SS")
    return minute + second


def epoch(text: bytes) -> int:
    """Read whole seconds since the epoch; return nanoseconds; raise ``ValueError`` for anything else."""
    if not text.isdigit() or len(text) > 12 or (seconds := int(text)) > LATEST:  # noqa: PLR2004  of the year 9999
        raise ValueError("the time is not seconds since the epoch")
    return seconds * NANOSECONDS


def fractional_epoch(text: bytes) -> int:
    """Read seconds since the epoch with decimals, exactly; return nanoseconds; raise ``ValueError`` otherwise."""
    seconds, _, decimals = text.partition(b".")
    if decimals and not decimals.isdigit():
        raise ValueError("the time is not seconds since the epoch")
    return epoch(seconds) + int(decimals[:9].ljust(9, b"0") or b"0")


class Calendar:
    """Reads local times whose date and time of day stand apart.

    Many lines have the same date: each is read once, and its offset from UTC looked up once where it has only one.
    """

    def __init__(self, zone: tzinfo, read: Callable[[bytes], tuple[int, int, int]]) -> None:
        """``read`` takes a date apart, into year, month and day, or raises ``ValueError``, whose text is not told."""
        self._zone = zone
        self._read = read
        self._days: dict[bytes, int | date] = {}

    def span(self, day: bytes, second: int) -> Span:
        """Return what a date and a second of that day may mean; raise ``ValueError`` if there is no such date."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            known = self._days[day] = self._day(day)
        if isinstance(known, int):
            moment = known + second * NANOSECONDS
            return moment, moment
        return local(known, second, self._zone)

    def _day(self, text: bytes) -> int | date:
        """Return the moment of a day's midnight, or the day itself where a clock is put forward or back."""
        try:
            day = date(*self._read(text))
            readings = {
                reading - second * NANOSECONDS
                for second in range(0, _DAY + 1, 1800)
                for reading in local(day, second, self._zone)
            }
        except (OverflowError, ValueError):
            day, readings = date.min, set()
        if day.year < _EARLIEST:
            raise ValueError("there is no such date")
        return readings.pop() if len(readings) == 1 else day


def local(day: date, second: int, zone: tzinfo) -> Span:
    """Return what a second of a day may mean in ``zone``."""
    clock = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=second)
    readings = [_moment(clock.replace(fold=fold)) for fold in (0, 1)]
    return min(readings), max(readings)


def _moment(clock: datetime) -> int:
    return int(clock.astimezone(UTC).timestamp()) * NANOSECONDS
