"""Chores."""

from __future__ import annotations

from auditor.model.moment import MINUTE
from auditor.sensor.errors import Errors
from auditor.sensor.upkeep import DAY, Chore, Upkeep
from tests.build.sensing import ClockByHand, Log


def test_chores_are_done_at_once_and_then_when_they_are_due() -> None:
    """Each at its own pace."""
    clock = ClockByHand()
    done: list[str] = []
    upkeep = Upkeep(
        [
            Chore("retention", DAY, lambda: done.append("purge")),
            Chore("reviews", MINUTE, lambda: done.append("count")),
        ],
        clock=clock,
        errors=Errors(Log().logger, clock),
    )
    for _ in range(10):
        upkeep.do_due()
        clock.move(30)

    assert done == ["purge", *["count"] * 5]


def test_what_fails_is_tried_again_soon() -> None:
    """And the others go on."""
    clock = ClockByHand()
    errors = Errors(Log().logger, clock)
    done: list[str] = []

    def fail() -> None:
        done.append("purge")
        raise OSError("database is locked")

    upkeep = Upkeep(
        [Chore("retention", DAY, fail), Chore("b", DAY, lambda: done.append("b"))], clock=clock, errors=errors
    )
    assert upkeep.do_due() == 600
    clock.move(600)
    upkeep.do_due()

    assert done == ["purge", "b", "purge"]
    assert errors.counts == {"retention": 2}


def test_it_runs_until_it_is_stopped() -> None:
    """In a thread of its own."""
    clock = ClockByHand()
    done: list[int] = []
    upkeep = Upkeep([Chore("x", 0, lambda: done.append(1))], clock=clock, errors=Errors(Log().logger, clock))
    upkeep.start()
    while len(done) < 3:
        pass
    upkeep.stop()
    count = len(done)

    assert count == len(done)
