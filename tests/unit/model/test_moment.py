"""Moments written down."""

from __future__ import annotations

import pytest

from auditor.model.moment import rfc3339, to_second


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_795_338_000_123_456_789, "2026-11-22T09:00:00.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63), "1677-09-21T00:12:43.145224192Z"),
    ],
)
def test_every_nanosecond_is_written(moment: int, written: str) -> None:
    """No moment that the engine can hand over is rounded or refused."""
    assert rfc3339(moment) == written


def test_people_read_seconds() -> None:
    """What is shown to people is cut to the second, not rounded up into the next."""
    assert to_second(1_795_338_000_999_999_999) == "2026-11-22 09:00:00"
