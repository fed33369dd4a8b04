"""Moments written down."""

from __future__ import annotations

import pytest

from auditor.model.moment import rfc3339, since_epoch, to_second


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


@pytest.mark.parametrize("moment", [0, -1, 1_795_338_000_123_456_789, 2**63 - 1, -(2**63)])
def test_what_was_written_is_read_again(moment: int) -> None:
    """To the nanosecond."""
    assert since_epoch(rfc3339(moment)) == moment


@pytest.mark.parametrize("text", ["", "2026-11-22", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00.123Z", "x.000000000Z"])
def test_other_texts_are_no_moments(text: str) -> None:
    """Only what is written here is read."""
    with pytest.raises(ValueError, match=r"no moment|Invalid isoformat"):
        since_epoch(text)
