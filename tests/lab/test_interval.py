"""The bounds are Clopper's and Pearson's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.interval import clopper_pearson, tail


@pytest.mark.parametrize("of", [1, 10, 300, 3000])
def test_none_and_all_have_their_closed_forms(of: int) -> None:
    """0 of n is bounded by 1 - (error/2)^(1/n), and n of n mirrors it."""
    bound = 1 - 0.025 ** (1 / of)

    assert clopper_pearson(0, of) == pytest.approx((0, bound))
    assert clopper_pearson(of, of) == pytest.approx((1 - bound, 1))


@pytest.mark.parametrize(
    ("hits", "of", "bounds"),
    [(5, 10, (0.18709, 0.81291)), (1, 20, (0.00127, 0.24873)), (95, 100, (0.88717, 0.98357))],
)
def test_bounds_of_printed_tables(hits: int, of: int, bounds: tuple[float, float]) -> None:
    """Figures as they are printed in tables of the interval."""
    assert clopper_pearson(hits, of) == pytest.approx(bounds, abs=6e-5)


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_each_bound_leaves_half_the_error_in_its_tail(seen: tuple[int, int]) -> None:
    """What defines the interval; and it holds the rate that was seen."""
    hits, of = seen
    lower, upper = clopper_pearson(hits, of)

    assert lower <= hits / of <= upper
    if hits:
        assert tail(hits, of, lower) == pytest.approx(0.025, abs=1e-6)
    if hits < of:
        assert 1 - tail(hits + 1, of, upper) == pytest.approx(0.025, abs=1e-6)


def test_more_hits_than_trials_are_refused() -> None:
    """Such a proportion is a mistake of whoever counted."""
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson(2, 1)
