"""Errors that are caught."""

from __future__ import annotations

import pytest

from auditor.sensor.errors import MAX_PLACES, Errors, Seldom
from tests.build.sensing import ClockByHand, Log


def test_errors_are_counted_by_place() -> None:
    """And the block that failed says so."""
    log, clock = Log(), ClockByHand()
    errors = Errors(log.logger, clock)
    for _ in range(3):
        with errors.guard("sink eve") as guard:
            raise OSError("10.0.0.7 went away")

    assert guard.failed
    assert errors.counts == {"sink eve": 3}


def test_an_error_says_what_and_where_and_quotes_nothing() -> None:
    """Its words may name somebody."""
    log = Log()
    with Errors(log.logger, ClockByHand()).guard("judging"):
        raise ValueError("alice at 10.0.0.7")

    [line] = log.of("error caught")
    assert line["error"].startswith("ValueError at test_errors.py:")
    assert "alice" not in str(line)


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_caught(ending: type[BaseException]) -> None:
    """It is no error."""
    errors = Errors(Log().logger, ClockByHand())
    with pytest.raises(ending), errors.guard("judging"):
        raise ending

    assert errors.counts == {}


def test_a_repeated_error_is_logged_once_a_minute() -> None:
    """With how often it came since."""
    log, clock = Log(), ClockByHand()
    errors = Errors(log.logger, clock)
    for _ in range(130):
        clock.move(1)
        errors.caught("store", OSError())

    assert [line["times"] for line in log.of("error caught")] == [1, 60, 60]


def test_errors_of_ever_new_kinds_fill_no_memory() -> None:
    """They are logged under their place alone."""
    log = Log()
    errors = Errors(log.logger, ClockByHand())
    for number in range(MAX_PLACES + 50):
        errors.caught("judging", type(f"E{number}", (Exception,), {})())

    assert len(log.of("error caught")) == MAX_PLACES + 1


def test_seldom_lets_one_pass_in_a_while() -> None:
    """Each word by itself."""
    clock = ClockByHand()
    seldom = Seldom(clock)
    said: list[str] = []
    for _ in range(100):
        clock.move(1)
        seldom.say("a", lambda: said.append("a"))
        seldom.say("b", lambda: said.append("b"))

    assert sorted(said) == ["a", "a", "b", "b"]
