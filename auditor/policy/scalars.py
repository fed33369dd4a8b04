"""The words of values that only a policy has, as :mod:`auditor.written.scalars` has those of any file."""

from __future__ import annotations

import re
from datetime import date

from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR, NANOSECONDS
from auditor.policy.patterns import Pattern
from auditor.written.issue import quoted
from auditor.written.scalars import defect, parse_line

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
MAX_PATTERN = 255
MAX_COUNT = 1_000_000
DURATIONS = {"m": 60 * NANOSECONDS, "h": HOUR, "d": 24 * HOUR, "w": 7 * 24 * HOUR}
MAX_DURATION = 3660 * 24 * HOUR
"""Ten years."""


def parse_hours(value: object) -> tuple[int, int]:
    """``08:00-18:00`` → minutes since midnight; past midnight (``22:00-06:00``) the end is beyond 1440."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])\s*-\s*([0-9]{1,2}):([0-5][0-9])", str(value), re.ASCII)
    hint = "write 08:00-18:00, or 22:00-06:00 for a night"
    if not found:
        raise defect("bad-hours", f"{quoted(value)} is no span of hours", hint)
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if start >= MINUTES_A_DAY or end > MINUTES_A_DAY:
        raise defect("bad-hours", f"{quoted(value)} is not on the clock", hint)
    if start == end:
        raise defect("bad-hours", f"{quoted(value)} begins when it ends", "leave 'hours' out for the whole day")
    return start, end if end > start else end + MINUTES_A_DAY


def parse_days(value: object) -> tuple[int, ...]:
    """``sat`` or ``mon-fri`` → weekdays, Monday 0; a span may run over the week's end (``fri-mon``)."""
    ends = [part.strip()[:3].lower() for part in value.split("-")] if isinstance(value, str) else []
    if len(ends) not in (1, 2) or any(end not in DAYS for end in ends):
        raise defect("bad-day", f"{quoted(value)} is no day or span of days", "write sat or mon-fri")
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


def parse_pattern(value: object) -> Pattern:
    """``lab-*`` or a whole name."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a user may be a number
    text = parse_line(value)
    if len(text) > MAX_PATTERN:
        raise defect("bad-pattern", f"{quoted(text)} has {len(text)} characters", f"{MAX_PATTERN} are enough")
    return Pattern.of(text)


def parse_count(least: int, value: object) -> int:
    """A number of things, ``least`` or more."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_COUNT:
        raise defect("bad-count", f"{quoted(value)} is no number from {least} to {MAX_COUNT}")
    return value


def parse_duration(value: object) -> int:
    """``30m``, ``12h``, ``90d`` or ``2w`` → nanoseconds."""
    found = re.fullmatch(r"([0-9]{1,5})\s*([mhdw])", str(value), re.ASCII)
    duration = int(found[1]) * DURATIONS[found[2]] if found else 0
    if not 0 < duration <= MAX_DURATION:
        raise defect("bad-duration", f"{quoted(value)} is no length of time", "write 30m, 12h, 90d or 2w")
    return duration


def parse_date(value: object) -> date:
    """``2026-01-31``."""
    written = value if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) else ""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise defect("bad-date", f"{quoted(value)} is no day", "write 2026-01-31") from None


def parse_infohash(value: object) -> Infohash:
    """40 hexadecimal digits (v1) or 64 (v2)."""
    text = value if isinstance(value, str) else str(value)
    if re.fullmatch(r"[0-9A-Fa-f]+", text, re.ASCII):
        try:
            return Infohash.from_hex(text)
        except ValueError as problem:
            raise defect("bad-infohash", f"{quoted(value)}: {problem}") from None
    hint = "list links under 'magnets'" if text.startswith("magnet:") else "write 40 hexadecimal digits (v1) or 64 (v2)"
    raise defect("bad-infohash", f"{quoted(value)} is no infohash", hint)
