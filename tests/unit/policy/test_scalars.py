"""The words of values that only a policy has."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from pydantic_core import PydanticCustomError

from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR
from auditor.policy import scalars
from auditor.policy.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("parse", "written", "read"),
    [
        (scalars.parse_hours, "08:00-18:00", (480, 1080)),
        (scalars.parse_hours, "8:00 - 18:00", (480, 1080)),
        (scalars.parse_hours, "22:00-06:00", (1320, 1800)),
        (scalars.parse_hours, "00:00-24:00", (0, 1440)),
        (scalars.parse_days, "sat", (5,)),
        (scalars.parse_days, "mon-fri", (0, 1, 2, 3, 4)),
        (scalars.parse_days, "Friday-Monday", (4, 5, 6, 0)),
        (scalars.parse_duration, "90d", 90 * 24 * HOUR),
        (scalars.parse_duration, "2 w", 14 * 24 * HOUR),
        (scalars.parse_duration, "30m", HOUR // 2),
        (partial(scalars.parse_count, 1), 1, 1),
        (partial(scalars.parse_count, 0), 0, 0),
        (scalars.parse_pattern, " Lab-*  ", Pattern("lab-*", ("lab-", ""))),
        (scalars.parse_pattern, 1815, Pattern("1815", ("1815",))),
        (scalars.parse_date, "2026-01-31", date(2026, 1, 31)),
        (scalars.parse_infohash, "AA" * 20, Infohash(b"\xaa" * 20)),
        (scalars.parse_infohash, "bb" * 32, Infohash(b"\xbb" * 32)),
    ],
)
def test_what_people_write_is_read(parse: Callable[[object], object], written: object, read: object) -> None:
    """Each value in the forms in which a network engineer writes it."""
    assert parse(written) == read


@pytest.mark.parametrize(
    ("parse", "code", "values"),
    [
        (scalars.parse_hours, "bad-hours", ("8-18", "08:60-09:00", "24:00-25:00", "10:00-10:00", 8, "00:00-24:01")),
        (scalars.parse_days, "bad-day", ("mo", "mon-fri-sun", "", 1, "weekend")),
        (scalars.parse_duration, "bad-duration", ("7 days", "0d", "d", 7, "99999w", "-1d", None)),
        (partial(scalars.parse_count, 1), "bad-count", (0, -1, True, "1", 1_000_001, None)),
        (scalars.parse_pattern, "bad-pattern", ("x" * 256,)),
        (scalars.parse_pattern, "bad-text", (True, "a\x1b", None)),
        (scalars.parse_pattern, "empty-text", ("", " ")),
        (scalars.parse_date, "bad-date", ("31.01.2026", "2026-02-30", 2026, "2026-01-31T12:00:00Z", None)),
        (scalars.parse_infohash, "bad-infohash", ("a" * 39, "g" * 40, 5, "magnet:?xt=1", "")),
    ],
)
def test_everything_else_is_refused(parse: Callable[[object], object], code: str, values: tuple[object, ...]) -> None:
    """By the code of its kind."""
    for value in values:
        with pytest.raises(PydanticCustomError) as refusal:
            parse(value)
        assert refusal.value.type == code, value


def test_a_link_among_infohashes_is_told_its_place() -> None:
    """Magnets have a key of their own."""
    with pytest.raises(PydanticCustomError) as refusal:
        scalars.parse_infohash("magnet:?xt=urn:btih:" + "a" * 40)
    assert (refusal.value.context or {})["hint"] == "list links under 'magnets'"
