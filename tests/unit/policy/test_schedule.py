"""When a rule holds, on days with 23, 24 and 25 hours, in Berlin and elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.schedule import NANOSECONDS, Hours, Interval, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFICE: Hours = (8 * 60, 18 * 60)
NIGHT: Hours = (22 * 60, 30 * 60)
WEEKDAYS = range(5)


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> int:
    """Return the nanosecond at which a clock in ``zone`` shows ``text``."""
    moment = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) * 1000


def test_office_hours_begin_on_the_minute_and_end_before_it() -> None:
    """A span holds its first moment, not its end."""
    office = Schedule.weekly(OFFICE, WEEKDAYS, BERLIN)
    start, end = at("2026-11-23 08:00"), at("2026-11-23 18:00")
    assert office.covers(start, end - 1)
    assert not office.covers(start - 1, end - 1)
    assert not office.covers(start, end)
    assert office.touches(end - 1, end)
    assert not office.touches(end, end)
    assert not office.touches(start - 1, start - 1)


def test_days_bound_the_week() -> None:
    """On Saturday nobody is at the office; two days in a row are one span."""
    office, days = Schedule.weekly(OFFICE, WEEKDAYS, BERLIN), Schedule.weekly(None, WEEKDAYS, BERLIN)
    assert not office.touches(at("2026-11-21 09:00"), at("2026-11-21 17:00"))
    assert days.covers(at("2026-11-23 23:00"), at("2026-11-24 01:00"))
    assert not days.covers(at("2026-11-27 23:00"), at("2026-11-28 00:00"))
    assert days.touches(at("2026-11-21 12:00"), at("2026-11-23 00:00"))


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday's night reaches into Saturday, Sunday's into the next week; Saturday's own does not hold."""
    nights = Schedule.weekly(NIGHT, [4, 6], BERLIN)
    assert nights.covers(at("2026-11-27 22:00"), at("2026-11-28 05:59"))
    assert nights.covers(at("2026-11-29 23:00"), at("2026-11-30 05:59"))
    assert not nights.touches(at("2026-11-28 22:00"), at("2026-11-29 05:59"))
    assert not nights.touches(at("2026-11-30 06:00"), at("2026-11-30 23:59"))


def test_the_hour_that_happens_twice_counts_twice() -> None:
    """On 25 October 2026 Berlin's clocks go from 03:00 back to 02:00: both 02:30 are 02:30."""
    span = Schedule.weekly((150, 180), None, BERLIN)
    for fold in (0, 1):
        assert span.covers(at("2026-10-25 02:30", fold=fold), at("2026-10-25 02:59", fold=fold))
    assert not span.covers(at("2026-10-25 02:30", fold=0), at("2026-10-25 02:59", fold=1))
    assert not span.touches(at("2026-10-25 02:00", fold=1), at("2026-10-25 02:29", fold=1))


def test_the_hour_that_never_happens_does_not_count() -> None:
    """On 29 March 2026 Berlin's clocks go from 02:00 to 03:00."""
    gone = Schedule.weekly((120, 180), None, BERLIN)
    assert not gone.touches(at("2026-03-29 01:00"), at("2026-03-29 04:00"))
    assert Schedule.weekly((60, 240), None, BERLIN).covers(at("2026-03-29 01:00"), at("2026-03-29 03:59"))


def test_office_hours_move_with_the_clocks() -> None:
    """Eight in the morning is 07:00 UTC in winter and 06:00 UTC in summer."""
    office = Schedule.weekly(OFFICE, WEEKDAYS, BERLIN)
    assert office.touches(at("2026-07-01 06:00", ZoneInfo("UTC")), at("2026-07-01 06:00", ZoneInfo("UTC")))
    assert not office.touches(at("2026-12-01 06:00", ZoneInfo("UTC")), at("2026-12-01 06:59", ZoneInfo("UTC")))


def test_a_long_conduct_meets_every_schedule_and_lies_in_none() -> None:
    """Two centuries are judged at once; only a schedule without gaps holds them."""
    first, last = 0, 2**63 - 1
    assert Schedule.weekly((0, 1), [2], BERLIN).touches(first, last)
    assert not Schedule.weekly((0, 1439), None, BERLIN).covers(first, last)
    assert Schedule.weekly(None, None, BERLIN).covers(first, last)
    assert Schedule.weekly((0, 24 * 60), range(7), BERLIN).covers(first, last)


@given(
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(1_750_000_000, 1_800_000_000),
    st.integers(0, 3000),
)
def test_a_schedule_is_what_the_clock_on_the_wall_shows(
    key: str, hours: Hours, days: set[int], first: int, minutes: int
) -> None:
    """Asking minute after minute gives the same answers, through every change of the clocks."""
    zone = ZoneInfo(key)
    first -= first % 60

    def shown(moment: int) -> bool:
        wall = datetime.fromtimestamp(moment, zone)
        minute = wall.hour * 60 + wall.minute
        today = wall.weekday() in days and hours[0] <= minute < hours[1]
        return today or ((wall.weekday() - 1) % 7 in days and minute + 1440 < hours[1])

    within = [shown(first + minute * 60) for minute in range(minutes + 1)]
    schedule = Schedule.weekly(hours, days, zone)
    last = first + minutes * 60
    assert schedule.covers(first * NANOSECONDS, last * NANOSECONDS) == all(within)
    assert schedule.touches(first * NANOSECONDS, last * NANOSECONDS) == any(within)


def test_a_schedule_includes_what_it_surrounds() -> None:
    """By which a rule is found to take everything from a later one."""
    office, noon = Schedule.weekly(OFFICE, WEEKDAYS, BERLIN), Schedule.weekly((720, 780), [2], BERLIN)
    assert office.includes(noon)
    assert not noon.includes(office)
    assert Schedule.weekly(None, [6, 0], BERLIN).includes(Schedule.weekly(NIGHT, [6], BERLIN))
    assert not Schedule.weekly(None, [6], BERLIN).includes(Schedule.weekly(NIGHT, [6], BERLIN))


def test_a_validity_of_days_includes_its_last() -> None:
    """``until: 2026-06-30`` ends with that day, in the policy's zone."""
    june = Interval.of(date(2026, 6, 1), date(2026, 6, 30), BERLIN)
    assert june.covers(at("2026-06-01 00:00"), at("2026-06-30 23:59:59"))
    assert not june.touches(at("2026-07-01 00:00"), at("2026-07-02 00:00"))
    assert june.touches(at("2026-05-01 00:00"), at("2026-06-01 00:00"))


def test_a_validity_of_times_is_exact() -> None:
    """With a time and its offset the zone does not matter."""
    until = Interval.of(None, datetime(2026, 6, 30, 12, tzinfo=UTC), BERLIN)
    noon = at("2026-06-30 12:00", ZoneInfo("UTC"))
    assert until.covers(0, noon - 1)
    assert not until.covers(0, noon)


def test_a_midnight_that_never_happens_begins_its_day_later() -> None:
    """Beirut skips 00:00 to 01:00 on 29 March 2026: that day begins at 01:00."""
    beirut = ZoneInfo("Asia/Beirut")
    day = Interval.of(date(2026, 3, 29), date(2026, 3, 29), beirut)
    assert day.start == at("2026-03-29 01:00", beirut)
    assert day.end == at("2026-03-30 00:00", beirut)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_are_no_trouble(zone: str) -> None:
    """The first and last days that a date can name."""
    ever = Interval.of(date.min, date.max, ZoneInfo(zone))
    assert ever.covers(0, 2**63)
    assert not ever.empty


def test_intervals_include_and_are_empty() -> None:
    """Open ends include closed ones, never the other way round."""
    assert Interval().includes(Interval(1, 2))
    assert not Interval(1, 2).includes(Interval(1, None))
    assert Interval(1, 3).includes(Interval(1, 2))
    assert Interval(2, 2).empty
    assert not Interval(None, 2).empty
