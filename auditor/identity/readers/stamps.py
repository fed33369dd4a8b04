"""Times as people and logs write them out: RFC 3339, ``Nov 22 2026 12:53:07 CET``, and syslog's ``Nov 22 12:53:07``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.identity.readers.times import Calendar, second_of_day
from auditor.model.moment import MINUTE, NANOSECONDS

if TYPE_CHECKING:
    from datetime import tzinfo

    from auditor.identity.readers.times import Span

MONTHS = {
    month: number
    for number, month in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_KEPT = 1 << 14
_EPOCH = date(1970, 1, 1).toordinal()
_EARLIEST = 1970
_LATEST = 9998
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,18}))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_WRITTEN = re.compile(
    r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}([0-9]{1,2}) "
    r"(?:([0-9]{4}) ([0-9:]{8})(?: ([A-Za-z0-9+-]{1,8}))?|([0-9:]{8}) ([0-9]{4}))",
    re.ASCII,
)


@lru_cache(_KEPT)
def rfc3339(text: str, zone: tzinfo) -> Span:
    """Read ``2026-01-01T00:00:00Z``, or a local time without its offset, or a date: its first moment."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("a time is not written as 2026-01-01T00:00:00Z or 2026-01-01")
    year, month, day, clock, decimals, offset = found.groups()
    seconds = clock if clock and len(clock) == len("00:00:00") else f"{clock or '00:00'}:00"
    earliest, latest = on_clock(int(year), int(month), int(day), seconds, UTC if offset else zone)
    shift = int((decimals or "")[:9].ljust(9, "0")) - _offset(offset)
    return earliest + shift, latest + shift


@lru_cache(_KEPT)
def written(text: str, zone: tzinfo) -> Span:
    """Read ``Nov 22 2026 12:53:07 CET``, with ``UTC`` or without a zone, and ``Sun Nov 22 12:53:07 2026``.

    A zone's abbreviation may be another's as well (``CST``, ``IST``): it has to be one of ``zone``, and then parts the
    two readings of an hour that comes twice.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or found[1] not in MONTHS:
        raise ValueError("a time is not written as Nov 22 2026 12:53:07 UTC")
    month, day, year, clock, called = (
        MONTHS[found[1]],
        int(found[2]),
        found[3] or found[7],
        found[4] or found[6],
        found[5],
    )
    if called in {"UTC", "GMT", "Z"}:
        return on_clock(int(year), month, day, clock, UTC)
    if called is None:
        return on_clock(int(year), month, day, clock, zone)
    second = second_of_day(clock.encode())
    on = _date(int(year), month, day)
    reading = datetime(on.year, on.month, on.day, tzinfo=zone) + timedelta(seconds=second)
    for fold in (0, 1):
        one = reading.replace(fold=fold)
        if one.tzname() == called:
            moment = int(one.timestamp()) * NANOSECONDS
            return moment, moment
    raise ValueError("a time's zone is neither UTC nor the one that is declared for the source")


def on_clock(year: int, month: int, day: int, clock: str, zone: tzinfo) -> Span:
    """Return what ``12:53:07`` of a day may mean in ``zone``."""
    second = second_of_day(clock.encode())
    on = _date(year, month, day)
    if zone is UTC:
        moment = (86_400 * (on.toordinal() - _EPOCH) + second) * NANOSECONDS
        return moment, moment
    return _calendar(zone).span(b"%d-%d-%d" % (year, month, day), second)


@lru_cache(16)
def _calendar(zone: tzinfo) -> Calendar:
    """Return a zone's days, as far as they were looked up."""
    return Calendar(zone, _numbers)


def _numbers(text: bytes) -> tuple[int, int, int]:
    year, month, day = text.split(b"-")
    return int(year), int(month), int(day)


def _date(year: int, month: int, day: int) -> date:
    if not _EARLIEST <= year <= _LATEST:
        raise ValueError(f"a time is not of the years {_EARLIEST} to {_LATEST}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("there is no such date") from None


def _offset(text: str | None) -> int:
    """Return by how much an offset is ahead of UTC, in nanoseconds."""
    if not text or text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours >= 24 or minutes >= 60:  # noqa: PLR2004  as on a clock
        raise ValueError("an offset from UTC is not +HH:MM")
    return (60 * hours + minutes) * MINUTE * (-1 if text[0] == "-" else 1)
