"""The loop, with parts that the test moves by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.moment import NANOSECONDS
from auditor.model.watch import Delta
from auditor.sensor.coverage import Minutes
from auditor.sensor.duties import sensor_policy_in_force
from auditor.sensor.errors import Errors
from auditor.sensor.exposed import Exposed
from auditor.sensor.loop import MAX_FAILURES, Broken, Loop
from tests.build.sensing import (
    POLICY,
    ClockByHand,
    JudgingByHand,
    Log,
    MakingByHand,
    SinkByHand,
    StoreByHand,
    WatchByHand,
    change,
    seen,
)
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.model.standing import IncidentChange


class KeepingByHand:
    """Notes what it is given; or fails."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []
        self.ahead: list[bool] = []
        self.build: Callable[[], None] = lambda: None
        self.failure: Exception | None = None

    def take(self, delta: Delta) -> None:
        """Take one."""
        if self.failure is not None:
            raise self.failure
        self.deltas.append(delta)

    def look_ahead(self, *, is_over: bool) -> None:
        """Build."""
        self.ahead.append(is_over)
        self.build()


class Running:
    """A loop, and everything around it."""

    def __init__(self, folder: Path, *, is_live: bool = True) -> None:
        path = folder / "policy.yaml"
        path.write_text(POLICY.format(name="test"))
        self.clock = ClockByHand()
        self.log = Log()
        self.errors = Errors(self.log.logger, self.clock)
        self.watch = WatchByHand()
        self.standing = JudgingByHand()
        self.making = MakingByHand()
        self.store = StoreByHand()
        self.sink = SinkByHand()
        self.told: list[IncidentChange] = []
        self.keeping = KeepingByHand()
        self.exposed = Exposed(
            "office",
            NINE,
            self.clock,
            self.errors,
            Minutes("office", self.clock.now()),
            sensor_policy_in_force(path, lambda: NINE),
            None,
            watch=self.watch,
            standing=self.standing,
            store=self.store,
            sinks={"eve": self.sink},
        )
        self.loop = Loop(
            watch=self.watch,
            standing=self.standing,
            making=self.making,
            store=self.store,
            sinks={"eve": self.sink},
            exposed=self.exposed,
            clock=self.clock,
            errors=self.errors,
            log=self.log.logger,
            is_live=is_live,
            seen=self.keeping,
            tell=self.told.extend,
            tick=0,
        )

    def run(self, seconds: float) -> None:
        """Turn while time passes."""
        for _ in range(round(seconds * 5)):
            self.clock.move(0.2)
            self.loop.turn()


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A loop that watches live."""
    return Running(tmp_path)


def test_what_is_seen_is_judged_told_recorded_and_counted(running: Running) -> None:
    """All of it within one turn."""
    running.standing.answers.append([change()])
    running.watch.deltas.append(seen())
    running.clock.move(0.3)
    running.loop.turn()
    state = running.exposed.state()

    assert [each.incident.id for each in running.sink.told] == ["i-1"]
    assert [each.incident.id for each in running.told] == ["i-1"]
    assert len(running.store.of("observation")) == len(running.store.of("incident")) == 1
    assert state.incidents["contractors", "violation", "high", "swarm"] == 1
    assert state.observations["bt.handshake", "confirmed"] == 2
    assert state.delay_sum == pytest.approx(0.3)
    assert state.delay_exemplar == "i-1"


def test_a_failing_sink_stops_nothing(running: Running) -> None:
    """Its error is counted, logged once, and says no address."""
    running.sink.failure = OSError("10.30.0.7 is not there")
    for number in range(3):
        running.standing.answers.append([change(f"i-{number}")])
        running.watch.deltas.append(seen(number))
        running.loop.turn()

    assert len(running.store.of("incident")) == 3
    assert running.exposed.state().errors == {"sink eve": 3}
    [line] = running.log.of("error caught")
    assert line["place"] == "sink eve"
    assert "10.30.0.7" not in str(line)


def test_an_error_that_repeats_is_logged_once_a_minute(running: Running) -> None:
    """With how often it came."""
    running.standing.failure = ValueError("no")
    running.run(70)
    first, second = running.log.of("error caught")

    assert first["times"] == 1
    assert second["times"] == pytest.approx(300, abs=10)


def test_what_could_not_be_judged_is_counted_in_the_minute(running: Running) -> None:
    """And its facts are recorded all the same."""
    running.standing.failure = ValueError("no")
    running.watch.deltas.append(seen())
    running.run(60)

    assert running.store.of("coverage")[0].discarded == {"not-judged": 1}
    assert len(running.store.of("observation")) == 1


def test_records_that_cannot_be_made_are_counted(running: Running) -> None:
    """In the minute in which it happened."""
    running.making.failure = ValueError("no")
    running.watch.deltas.append(seen())
    running.loop.turn()
    running.making.failure = None
    running.run(60)

    assert running.store.of("coverage")[0].discarded == {"not-recorded": 1}


def test_an_engine_that_always_fails_is_given_up(running: Running) -> None:
    """After a while, so that whoever started the sensor can start it anew."""
    running.watch.failure = RuntimeError("panicked")
    for _ in range(MAX_FAILURES - 1):
        running.loop.turn()
    with pytest.raises(Broken):
        running.loop.turn()

    assert running.exposed.state().errors["capture"] == MAX_FAILURES


def test_a_panic_is_an_error_like_others(running: Running) -> None:
    """Though it is no Exception."""

    class PanicException(BaseException):
        pass

    running.watch.failure = PanicException("index out of bounds")
    assert running.loop.turn()
    running.watch.failure = None
    assert running.loop.turn()


def test_each_minute_is_recorded(running: Running) -> None:
    """With the frames of that minute, and the last one at the end."""
    running.watch.frames = 10
    running.run(60)
    running.watch.frames = 30
    running.run(20)
    running.loop.finish()

    assert [minute.frames for minute in running.store.of("coverage")] == [10, 20]
    assert running.store.of("coverage")[0].clock_offset == 1000


def test_an_interface_that_goes_away_is_logged_once(running: Running) -> None:
    """And once that it returned; both minutes are gaps."""
    running.run(10)
    running.watch.is_open, running.watch.error = False, "Network is down"
    running.run(10)
    running.watch.is_open = True
    running.run(40)

    assert len(running.log.of("interface captured")) == 2
    [line] = running.log.of("interface not captured")
    assert (line["interface"], line["error"]) == ("mirror0", "Network is down")
    assert running.exposed.state().coverage_gaps == 1


def test_frames_that_were_lost_are_logged_once_a_minute(running: Running) -> None:
    """However many they are."""
    for _ in range(300):
        running.watch.lost += 10
        running.run(0.2)

    assert len(running.log.of("frames lost")) == 1
    assert running.store.of("coverage")[0].lost == 3000


def test_what_the_store_had_no_room_for_is_counted(running: Running) -> None:
    """In the minute in which it was dropped, by kind."""
    running.run(1)
    running.store.dropped = {"observation": 7}
    running.run(59)
    running.store.dropped = {"observation": 9}
    running.run(60)

    assert [minute.discarded for minute in running.store.of("coverage")] == [
        {"store-observation": 7},
        {"store-observation": 2},
    ]


def test_sinks_are_told_how_the_sensor_is(running: Running) -> None:
    """Each minute."""
    running.run(130)

    assert [report.sensor for report in running.sink.reports] == ["office"] * 3


def test_a_clock_that_is_set_is_said(running: Running) -> None:
    """Forward and back."""
    running.run(10)
    running.clock.move(0.2, step=3600)
    running.run(1)
    running.clock.move(0.2, step=-3600)
    running.run(1)

    assert [round(line["seconds"]) for line in running.log.of("the clock was set")] == [3600, -3600]
    state = running.exposed.state()
    assert (state.clock_steps, round(state.clock_step / NANOSECONDS)) == (2, -3600)


@pytest.mark.parametrize(("step", "anew"), [(86_400, False), (-60, False), (-7200, True)])
def test_a_clock_that_is_set_far_back_asks_for_a_new_beginning(running: Running, step: float, anew: bool) -> None:
    """What was seen before would lie in the future, and hold up all that comes."""
    running.run(1)
    running.clock.move(0.2, step=step)
    running.run(1)

    assert running.loop.must_begin_anew is anew


def test_idle_incidents_are_looked_for_by_the_time_of_the_frames(tmp_path: Path) -> None:
    """Of a capture that is played the clock says nothing."""
    running = Running(tmp_path, is_live=False)
    running.clock.move(1_000_000)
    running.watch.deltas += [
        Delta(seen_until=NINE),
        Delta(seen_until=NINE + 1),
        Delta(seen_until=NINE + 60 * NANOSECONDS),
    ]
    running.run(1)

    assert running.standing.advanced == [NINE, NINE + 60 * NANOSECONDS]


def test_where_no_frames_come_time_passes_all_the_same(running: Running) -> None:
    """Or the last incident of the evening would be open until the morning."""
    running.standing.ended = [change(is_over=True)]
    running.run(30)

    assert running.standing.advanced[-1] > NINE
    assert [each.is_over for each in running.sink.told] == [True]


def test_the_source_ends_the_loop(running: Running) -> None:
    """Once all is handed over."""
    running.watch.deltas += [seen(1), seen(2)]
    running.watch.stop()

    assert [running.loop.turn() for _ in range(3)] == [True, True, False]


def test_what_is_posted_is_done_by_the_loop(running: Running) -> None:
    """Between two turns; an error in it stops nothing."""
    done: list[int] = []
    running.loop.post(lambda: done.append(1))
    running.loop.post(lambda: done.append(1 // 0))
    running.loop.post(lambda: done.append(3))
    running.loop.turn()

    assert done == [1, 3]
    assert running.exposed.state().errors == {"posted": 1}


def test_a_new_policy_is_handed_on(running: Running) -> None:
    """And what it can lead to is counted from nothing."""
    state = running.exposed.policy.state
    running.loop.post(lambda: running.loop.put_policy(state))
    running.loop.turn()

    assert running.standing.policies == [state]


def test_captures_wait_for_a_directory_of_what_they_show(tmp_path: Path) -> None:
    """It is in force before the facts beside it are judged."""
    running = Running(tmp_path, is_live=False)
    order: list[str] = []
    running.keeping.build = lambda: running.loop.post(lambda: order.append("directory"))
    take = running.standing.take

    def judge(delta: Delta) -> list[IncidentChange]:
        order.append("judged")
        return take(delta)

    running.standing.take = judge  # type: ignore[method-assign]
    running.watch.deltas += [seen(), Delta(is_over=True)]

    assert running.loop.turn()
    assert not running.loop.turn()
    assert order == ["directory", "judged"] * 2
    assert running.keeping.ahead == [False, True]


def test_frames_that_happen_wait_for_no_directory(running: Running) -> None:
    """Each delta is kept; where that fails it is judged all the same."""
    running.watch.deltas += [seen(1)]
    running.loop.turn()
    running.keeping.failure = RuntimeError("broken")
    running.watch.deltas += [seen(2)]
    running.standing.answers.append([change()])
    running.loop.turn()

    assert len(running.keeping.deltas) == 1
    assert running.keeping.ahead == []
    assert len(running.told) == 1
    assert running.exposed.state().errors == {"seen": 1}
