"""Minutes of coverage, made with clocks that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.model.watch import InterfaceCounters, WatchCounters
from auditor.sensor.clock import Moment
from auditor.sensor.coverage import Minutes, is_gap

if TYPE_CHECKING:
    from auditor.model.coverage import CoverageMinute

SECOND = NANOSECONDS
BEGIN = 1_795_338_000 * SECOND
"""2026-11-22 09:00:00 UTC."""


def counters(frames: int = 0, lost: int = 0, *, is_open: bool = True, **discarded: int) -> WatchCounters:
    """One interface that was captured so far."""
    interface = InterfaceCounters("mirror0", is_open, frames, 100 * frames, lost, discarded, 1, None, None)
    return WatchCounters((interface,), {}, 0, 1)


class Watched:
    """A sensor whose clocks the test moves, looking five times a second."""

    def __init__(self, after: int = 0) -> None:
        self.now = Moment(BEGIN + after, 7 * SECOND)
        self.counters = counters()
        self.minutes = Minutes("s", self.now)
        self.done: list[CoverageMinute] = list(self.minutes.look(self.now, self.counters, 0))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 5)):
            self.tick(SECOND // 5)

    def tick(self, passed: int, step: int = 0) -> None:
        """Let time pass at once; the wall clock jumps by ``step``."""
        self.now = Moment(self.now.wall + passed + step, self.now.steady + passed)
        self.done += self.minutes.look(self.now, self.counters, 0)


@pytest.fixture
def watched() -> Watched:
    """One that was started at the beginning of a minute."""
    return Watched()


def test_each_minute_of_the_wall_clock_is_recorded_once(watched: Watched) -> None:
    """From its beginning, watched to its end."""
    watched.run(180)

    assert [minute.begin for minute in watched.done] == [BEGIN, BEGIN + MINUTE, BEGIN + 2 * MINUTE]
    assert [minute.watched for minute in watched.done] == [MINUTE] * 3
    assert [minute.restarts for minute in watched.done] == [1, 0, 0]
    assert not any(map(is_gap, watched.done))


def test_a_minute_has_what_came_within_it(watched: Watched) -> None:
    """Differences of the counters, which count from the start."""
    watched.counters = counters(100, 3, truncated=2)
    watched.run(60)
    watched.counters = counters(150, 3, truncated=2)
    watched.run(60)
    first, second = watched.done

    assert (first.frames, first.bytes, first.lost, first.discarded) == (100, 10_000, 3, {"truncated": 2})
    assert (second.frames, second.lost, second.discarded) == (50, 0, {})
    assert (is_gap(first), is_gap(second)) == (True, False)


def test_what_the_sensor_throws_away_counts_too(watched: Watched) -> None:
    """Beside what the engine discards, by reason."""
    watched.minutes.discard("store-full", 4)
    watched.minutes.discard("store-full", 1)
    watched.minutes.unseen(77)
    watched.run(60)

    assert watched.done[0].discarded == {"store-full": 5}
    assert watched.done[0].unseen_bytes == 77


def test_the_first_and_the_last_minute_are_partial() -> None:
    """They say how much of them was watched."""
    watched = Watched(after=45 * SECOND)
    watched.run(15)
    watched.run(20)
    last = watched.minutes.finish(watched.now, watched.counters, None)

    assert [(minute.begin, minute.watched) for minute in (*watched.done, *last)] == [
        (BEGIN, 15 * SECOND),
        (BEGIN + MINUTE, 20 * SECOND),
    ]


def test_an_interface_that_is_down_is_a_gap(watched: Watched) -> None:
    """As long as it was, and by name."""
    watched.run(20)
    watched.counters = counters(is_open=False)
    watched.run(10)
    watched.counters = counters()
    watched.run(30)

    assert watched.done[0].down == {"mirror0": 10 * SECOND}
    assert watched.done[0].watched == 50 * SECOND
    assert is_gap(watched.done[0])


def test_a_jump_forward_closes_the_minute_and_says_by_how_much(watched: Watched) -> None:
    """The minutes that were jumped over have no record: nothing was watched in them."""
    watched.run(30)
    watched.tick(SECOND // 5, step=10 * MINUTE)
    watched.run(60)

    assert watched.done[0].begin == BEGIN
    assert watched.done[0].clock_step == 10 * MINUTE
    assert watched.done[0].watched == pytest.approx(30 * SECOND, abs=SECOND)
    assert watched.done[1].begin == BEGIN + 10 * MINUTE
    assert (watched.minutes.steps, watched.minutes.last_step) == (1, 10 * MINUTE)


def test_a_jump_back_comes_to_a_minute_twice(watched: Watched) -> None:
    """And both records are kept."""
    watched.run(90)
    watched.tick(SECOND // 5, step=-MINUTE)
    watched.run(60)

    assert [minute.begin for minute in watched.done] == [BEGIN, BEGIN + MINUTE, BEGIN]
    assert watched.done[1].clock_step == -MINUTE
    assert sum(minute.watched for minute in watched.done) + 29 * SECOND < 151 * SECOND


def test_slewing_is_no_jump(watched: Watched) -> None:
    """A clock that is corrected slowly runs a little too fast."""
    for _ in range(600):
        watched.tick(SECOND // 5, step=100_000)

    assert watched.minutes.steps == 0


def test_a_loop_that_was_held_up_watched_all_the_same(watched: Watched) -> None:
    """Frames are captured while it waits, and each minute that passed is recorded."""
    watched.run(30)
    watched.tick(3 * MINUTE)
    watched.run(30)

    assert [minute.begin for minute in watched.done] == [BEGIN + number * MINUTE for number in range(4)]
    assert [minute.watched for minute in watched.done] == [MINUTE] * 4


def test_counters_that_cannot_be_read_are_no_watching(watched: Watched) -> None:
    """And later differences are right still."""
    watched.counters = counters(100)
    watched.run(30)
    last = watched.minutes.look(watched.now, None, None)
    watched.now = Moment(watched.now.wall + 30 * SECOND, watched.now.steady + 30 * SECOND)
    last += watched.minutes.look(watched.now, counters(150), None)

    assert [(minute.frames, minute.watched) for minute in last] == [(150, 30 * SECOND)]
