"""auditor.identity.readers.stamps."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers.stamps import on_clock, rfc3339, written
from auditor.model.moment import HOUR, NANOSECONDS

BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1_795_348_387 * NANOSECONDS
"""2026-11-22 11:53:07 UTC, 12:53:07 in Berlin."""


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T11:53:07Z",
        "2026-11-22t11:53:07z",
        "2026-11-22 12:53:07",
        "2026-11-22T12:53:07+01:00",
        "2026-11-22T12:53:07+0100",
        "2026-11-22T06:23:07-05:30",
    ],
)
def test_rfc3339_with_and_without_an_offset(text: str) -> None:
    """Without one it is local time."""
    assert rfc3339(text, BERLIN) == (NOON, NOON)


def test_decimals_are_kept_to_the_nanosecond() -> None:
    """More of them are cut off."""
    assert rfc3339("2026-11-22T11:53:07.1234567891Z", UTC)[0] == NOON + 123_456_789


def test_a_date_is_its_first_moment() -> None:
    """Of the source's zone."""
    assert rfc3339("2026-11-22", BERLIN) == (1_795_302_000 * NANOSECONDS,) * 2


@pytest.mark.parametrize(
    "text", ["Nov 22 2026 11:53:07 UTC", "Nov 22 2026 12:53:07 CET", "Nov 22 2026 12:53:07", "Sun Nov 22 12:53:07 2026"]
)
def test_times_as_c_programs_write_them(text: str) -> None:
    """With UTC, the zone's own abbreviation, or none."""
    assert written(text, BERLIN) == (NOON, NOON)


def test_an_abbreviation_parts_the_hour_that_comes_twice() -> None:
    """Without it the time is both."""
    summer = written("Oct 25 2026 02:30:00 CEST", BERLIN)
    winter = written("Oct 25 2026 02:30:00 CET", BERLIN)

    assert winter[0] - summer[0] == HOUR
    assert (
        written("Oct 25 2026 02:30:00", BERLIN) == on_clock(2026, 10, 25, "02:30:00", BERLIN) == (summer[0], winter[1])
    )


def test_another_zones_abbreviation_is_refused() -> None:
    """CST is Chicago's or Shanghai's: nobody guesses."""
    with pytest.raises(ValueError, match="neither UTC nor"):
        written("Nov 22 2026 12:53:07 CST", BERLIN)


@pytest.mark.parametrize(
    "text",
    ["", "2026-13-01", "2026-02-30T00:00:00Z", "1969-12-31", "9999-12-31", "2026-11-22T24:00:00Z", "2026-11-22T1:2:3Z",
     "2026-11-22T11:53:07+24:00", "22.11.2026", "2026-11-22T11:53:07Zx"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    """Without quoting it."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the reasons differ
        rfc3339(text, UTC)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["Now 22 2026 12:53:07", "Nov 31 2026 12:53:07", "Nov 22 2026 25:53:07", "Nov 22 12:53:07"]
)
def test_what_is_no_written_time_is_refused(text: str) -> None:
    """A month that is none, a day, an hour, a year."""
    with pytest.raises(ValueError, match=r"time|date"):
        written(text, UTC)
