"""Sets of integers as spans, against sets of integers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import spans

SPAN = st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def _members(some: list[tuple[int, int]] | spans.Spans) -> set[int]:
    return {number for start, end in some for number in range(start, end)}


@given(st.lists(SPAN))
def test_merging_keeps_the_members(some: list[tuple[int, int]]) -> None:
    """The same integers, in spans that neither meet nor touch."""
    merged = spans.merge(some)
    assert _members(merged) == _members(some)
    assert all(left[1] < right[0] for left, right in pairwise(merged))


@given(st.lists(SPAN), SPAN)
def test_asking_a_span_is_asking_its_members(some: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    """``holds`` is "all of", ``meets`` is "any of"."""
    merged, members = spans.merge(some), _members(some)
    assert spans.holds(merged, *asked) == all(number in members for number in range(*asked))
    assert spans.meets(merged, *asked) == any(number in members for number in range(*asked))
