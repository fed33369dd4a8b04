"""Whose turn it is to be folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.pipeline.pacing import UNPACED, Pace, Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

PACE = Pace(budget=5, patience=2, growth=10, longest=30, rest=3)


class Played:
    """Hosts by their names, of which each fold takes a while."""

    def __init__(self, pace: Pace = PACE, *, costs: float = 1) -> None:
        self.now = 100.0
        self.costs = costs
        self.known: set[str] = set()
        self.turns = Turns[str](pace, lambda: self.now)

    def take(self, frames: int = 0, *, everything: bool = False) -> Sequence[str]:
        """Return who had a turn, in order."""
        return list(self.turns.take(frames, self._fold, self.known.__contains__, everything=everything))

    def _fold(self, host: str) -> None:
        self.now += self.costs
        self.known.add(host)


def test_who_has_news_has_a_turn_once() -> None:
    """And then waits for more."""
    played = Played()
    played.turns.add(["a", "b"])

    assert played.take() == ["a", "b"]
    assert played.take() == []


def test_the_next_turn_comes_when_the_last_has_paid_off() -> None:
    """Some times as long as it took; other facts before mere growth."""
    played = Played(PACE._replace(rest=0))
    played.turns.add(["a"])
    played.take()
    played.turns.add(["a"], is_growth=True)
    played.now += 2
    grown = played.take()
    played.turns.add(["a"])
    urgent = played.take()

    assert (grown, urgent) == ([], ["a"])
    played.turns.add(["a"], is_growth=True)
    played.now += 10
    assert played.take() == ["a"]


def test_nobody_waits_for_too_long() -> None:
    """However costly."""
    played = Played(PACE._replace(rest=0), costs=1000)
    played.turns.add(["a"])
    played.take()
    played.turns.add(["a"])
    played.now += 30

    assert played.take() == ["a"]


def test_what_is_new_goes_first_and_does_not_wait() -> None:
    """While those that are known rest."""
    played = Played()
    played.turns.add(["known"])
    played.take()
    played.now += 2
    played.turns.add(["known"])
    assert played.take() == ["known"]
    played.now += 2
    played.turns.add(["known", "new"])

    assert played.take() == ["new"]
    played.now += 2
    assert played.take() == ["known"]


def test_a_tick_has_a_budget() -> None:
    """Who is left waits, but for the last time of all."""
    played = Played(costs=3)
    played.turns.add("abcdef")

    assert played.take() == ["a", "b"]
    assert len(played.turns) == 4
    assert played.take(everything=True) == ["c", "d", "e", "f"]


def test_who_has_a_deadline_has_a_turn_after_it() -> None:
    """With or without news, and by the latest deadline alone."""
    played = Played(UNPACED)
    played.turns.until("a", 50)
    played.turns.until("a", 70)
    played.turns.until("b", 60)

    assert [played.take(now) for now in (60, 61, 70, 71, 99)] == [[], ["b"], [], ["a"], []]
    played.turns.until("a", 120)
    played.turns.until("a", 110)
    assert [played.take(now) for now in (111, 121)] == [["a"], []]


def test_a_deadline_that_finds_no_time_comes_again() -> None:
    """Nothing that ends is left out."""
    played = Played(costs=9)
    played.turns.until("a", 50)
    played.turns.until("b", 50)

    assert (played.take(51), played.take(51), played.take(51)) == (["a"], ["b"], [])


def test_what_is_forgotten_has_no_turn() -> None:
    """Nor is kept when it had one."""
    played = Played()
    played.turns.until("a", 50)
    played.turns.forget("a")

    assert played.take(51) == []
