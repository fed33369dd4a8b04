"""Coverage that was recorded, put together again."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.coverage import CanaryResult, CoverageMinute
from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.sensor.covered import NOT_RUNNING, PARTLY, STEPPED, covered

BEGIN = 1_795_338_000 * NANOSECONDS


def minute(number: int, **words: object) -> CoverageMinute:
    """A minute that was watched, but for what is said otherwise."""
    whole = CoverageMinute("s", BEGIN + number * MINUTE, MINUTE, frames=1000, bytes=100_000, lost=0)
    return replace(whole, **words)  # type: ignore[arg-type]


def test_watched_minutes_are_one_span() -> None:
    """With nothing to say against it."""
    result = covered([minute(0), minute(1), minute(2)], BEGIN, BEGIN + 3 * MINUTE)

    assert [(span.begin, span.end, span.reasons) for span in result.spans] == [(BEGIN, BEGIN + 3 * MINUTE, ())]
    assert (result.share_watched, result.share_lost, result.frames) == (1.0, 0.0, 3000)


def test_minutes_without_a_record_are_a_gap() -> None:
    """Before, between and after those that have one."""
    result = covered([minute(1), minute(4)], BEGIN, BEGIN + 6 * MINUTE)

    assert [(span.is_watched, (span.end - span.begin) // MINUTE) for span in result.spans] == [
        (False, 1),
        (True, 1),
        (False, 2),
        (True, 1),
        (False, 1),
    ]
    assert result.spans[0].reasons == (NOT_RUNNING,)
    assert result.share_watched == 2 / 6


def test_a_quick_restart_leaves_two_records_of_a_minute() -> None:
    """Which together say how much of it was watched."""
    halves = [minute(0, watched=20 * NANOSECONDS), minute(0, watched=30 * NANOSECONDS, restarts=1)]
    result = covered(halves, BEGIN, BEGIN + MINUTE)

    assert result.watched == 50 * NANOSECONDS
    assert result.restarts == 1
    assert result.spans[0].reasons == (PARTLY, "the sensor was started")


def test_reasons_are_told() -> None:
    """Each minute's own."""
    result = covered(
        [
            minute(0, down={"mirror0": NANOSECONDS}, watched=59 * NANOSECONDS),
            minute(1, clock_step=-MINUTE),
            minute(2, lost=10, unseen_bytes=5, discarded={"store": 1}),
        ],
        BEGIN,
        BEGIN + 3 * MINUTE,
    )

    assert [len(span.reasons) for span in result.spans] == [1, 1, 3]
    assert result.spans[0].reasons == ("mirror0 was down",)
    assert result.spans[1].reasons == (STEPPED,)
    assert result.share_lost == 10 / 3010


def test_a_minute_is_never_watched_longer_than_it_is() -> None:
    """Where the clock was set back, it passed twice."""
    assert covered([minute(0), minute(0)], BEGIN, BEGIN + MINUTE).share_watched == 1.0


def test_canaries_are_counted() -> None:
    """And those that were seen."""
    seen = CanaryResult(BEGIN, "namespace", True, True, 5, None)
    result = covered([minute(0, canaries=(seen, seen._replace(saw_dht=False)))], BEGIN, BEGIN + MINUTE)

    assert (result.canaries, result.canaries_seen) == (2, 1)


def test_what_was_asked_for_is_made_whole_minutes() -> None:
    """Outwards."""
    result = covered([], BEGIN + 1, BEGIN + MINUTE + 1)

    assert (result.begin, result.end) == (BEGIN, BEGIN + 2 * MINUTE)
    assert not result.spans[0].is_watched
