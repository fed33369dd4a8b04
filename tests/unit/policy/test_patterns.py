"""Patterns of names: whole, without regard to case, and as fast with hostile names as with others."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.patterns import MAX_NAME, Pattern, PatternMap, fold

NAMES = st.text("ab-", max_size=8)
WRITTEN = st.text("ab-*", min_size=1, max_size=6)


@given(WRITTEN, NAMES)
def test_a_star_stands_for_anything(written: str, name: str) -> None:
    """As the regular expression says that it means."""
    expected = re.fullmatch(".*".join(map(re.escape, written.split("*"))), name) is not None
    assert Pattern.of(written).matches(fold(name)) == expected


@given(st.lists(WRITTEN, max_size=8), NAMES)
def test_a_map_finds_what_comparing_each_finds(written: list[str], name: str) -> None:
    """Asked twice, it says the same."""
    patterns = [Pattern.of(each) for each in written]
    found = PatternMap(_with_places(patterns))
    expected = [place for place, pattern in enumerate(patterns) if pattern.matches(fold(name))]
    assert sorted(found.matching(name)) == expected
    assert sorted(found.matching(name)) == expected


def _with_places(patterns: list[Pattern]) -> list[tuple[Pattern, int]]:
    """Return each pattern with its place."""
    return [(pattern, place) for place, pattern in enumerate(patterns)]


@given(WRITTEN, WRITTEN, NAMES)
def test_patterns_that_meet_are_told(one: str, another: str, name: str) -> None:
    """Whatever both match, they meet; what includes another matches all that the other does."""
    first, second = Pattern.of(one), Pattern.of(another)
    assert first.meets(second) == second.meets(first)
    if first.matches(fold(name)) and second.matches(fold(name)):
        assert first.meets(second)
    if first.includes(second) and second.matches(fold(name)):
        assert first.matches(fold(name))


@pytest.mark.parametrize(
    ("one", "another", "meet"),
    [("lab-*", "*-print", True), ("lab-*", "dorm-*", False), ("*.a.example", "*.b.example", False), ("a", "a*", True)],
)
def test_patterns_without_a_name_in_common_do_not_meet(one: str, another: str, meet: bool) -> None:
    """So that a policy is not warned of what cannot be."""
    assert Pattern.of(one).meets(Pattern.of(another)) is meet


def test_case_and_width_do_not_matter() -> None:
    """A name may be written to dodge a pattern, or by a keyboard of another script."""
    assert Pattern.of("*Straße*").matches(fold("HAUPTSTRASSE 5"))
    assert Pattern.of("lab-*").matches(fold("\uff2c\uff21\uff22-7"))


def test_the_more_is_written_the_more_specific() -> None:
    """A whole name before any part of one."""
    weights = [Pattern.of(each).weight for each in ("*", "lab-*", "lab-*.example", "a")]
    assert weights == sorted(weights)


def test_a_hostile_name_costs_no_more_time_than_another() -> None:
    """Nothing is tried twice, and a name of a megabyte is compared no further than any other."""
    pattern = Pattern.of("*a" * 100 + "b")
    began = time.perf_counter()
    assert not pattern.matches("a" * MAX_NAME)
    assert PatternMap([(Pattern.of("*"), 1)]).matching("a" * (1 << 20)) == ()
    assert time.perf_counter() - began < 1
