"""auditor.identity.readers.times."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers.times import Calendar, epoch, fractional_epoch, second_of_day
from auditor.model.moment import NANOSECONDS


def _date(text: bytes) -> tuple[int, int, int]:
    year, month, day = text.split(b"-")
    return int(year), int(month), int(day)


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NANOSECONDS


def test_a_local_time_is_read_in_its_zone() -> None:
    """Winter and summer have their own offsets; a day is looked up once."""
    berlin = Calendar(ZoneInfo("Europe/Berlin"), _date)
    calls = berlin.span(b"2026-11-22", second_of_day(b"12:53:07")), berlin.span(b"2026-07-22", 0)

    assert calls[0] == (_moment("2026-11-22T11:53:07Z"),) * 2
    assert calls[1] == (_moment("2026-07-21T22:00:00Z"),) * 2
    assert Calendar(UTC, _date).span(b"2026-11-22", 1) == (_moment("2026-11-22T00:00:01Z"),) * 2


def test_a_time_that_comes_twice_is_both_of_its_readings() -> None:
    """In autumn, when the clock is put back, an hour comes again."""
    berlin = Calendar(ZoneInfo("Europe/Berlin"), _date)

    assert berlin.span(b"2026-10-25", second_of_day(b"02:30:00")) == (
        _moment("2026-10-25T00:30:00Z"),
        _moment("2026-10-25T01:30:00Z"),
    )
    assert berlin.span(b"2026-10-25", second_of_day(b"01:59:59")) == (_moment("2026-10-24T23:59:59Z"),) * 2
    assert berlin.span(b"2026-10-25", second_of_day(b"03:00:00")) == (_moment("2026-10-25T02:00:00Z"),) * 2


def test_a_time_that_never_comes_is_both_of_its_readings() -> None:
    """In spring an hour is left out: whoever wrote it had a clock of before or of after."""
    berlin = Calendar(ZoneInfo("Europe/Berlin"), _date)

    assert berlin.span(b"2026-03-29", second_of_day(b"02:30:00")) == (
        _moment("2026-03-29T00:30:00Z"),
        _moment("2026-03-29T01:30:00Z"),
    )


@pytest.mark.parametrize("text", [b"2026-02-30", b"0000-01-01", b"1969-12-31", b"99999-01-01", b"2026-13-01"])
def test_a_date_that_is_none_is_refused(text: bytes) -> None:
    """The calendar decides, and dates before the epoch are mistakes."""
    with pytest.raises(ValueError, match=r".") as refusal:
        Calendar(ZoneInfo("America/New_York"), _date).span(text, 0)

    assert "99999" not in str(refusal.value)


def test_the_last_day_of_all_is_no_exception_of_another_kind() -> None:
    """An offset that leads out of the calendar is refused as a date that there is not."""
    with pytest.raises(ValueError, match="no such date"):
        Calendar(ZoneInfo("America/New_York"), _date).span(b"9999-12-31", 86_399)


@pytest.mark.parametrize(
    "text", [b"", b"12:53", b"1:02:03", b"24:00:00", b"12:60:00", b"12:53:61", b"+1:02:03", b"12.53.07"]
)
def test_what_is_no_time_of_day_is_refused(text: bytes) -> None:
    """Two digits each, and no more than a clock shows."""
    with pytest.raises(ValueError, match="HH:MM:SS"):
        second_of_day(text)


def test_a_leap_second_is_the_one_before() -> None:
    """POSIX counts it so."""
    assert second_of_day(b"23:59:60") == 86_399


def test_seconds_since_the_epoch() -> None:
    """Whole or with decimals, to the nanosecond, and never by floating point."""
    assert epoch(b"1795355581") == 1_795_355_581 * NANOSECONDS
    assert fractional_epoch(b"1795351938.938811") == 1_795_351_938_938_811_000
    assert fractional_epoch(b"1795351938") == 1_795_351_938 * NANOSECONDS
    assert fractional_epoch(b"1795351938.1234567899") == 1_795_351_938_123_456_789


@pytest.mark.parametrize("text", [b"", b"-1", b"1e9", b"999999999999", b"9" * 5000, b"1.x", b" 1"])
def test_what_is_no_number_of_seconds_is_refused(text: bytes) -> None:
    """Signs, exponents, years above 9999 and five thousand digits."""
    with pytest.raises(ValueError, match="seconds since the epoch"):
        fractional_epoch(text)
