"""The covering array covers what it should, and is small."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import asdict, replace

import pytest

from tests.lab.matrix import BARRED, FACTORS, RUNS, setups
from tests.lab.pairwise import Barred, Row, covering, feasible, shares
from tests.lab.record import span
from tests.lab.split import is_set_aside


def rows() -> list[Row]:
    """Return the runs as rows."""
    return [{factor: asdict(setup)[factor] for factor in FACTORS} for setup in setups()]


def test_every_feasible_pair_is_covered() -> None:
    """A pair is feasible if some combination that nothing bars has it."""
    wanted = {share for row in feasible(FACTORS, BARRED) for share in shares(row, 2)}

    assert {share for row in rows() for share in shares(row, 2)} == wanted


def test_no_run_is_barred_and_none_is_there_twice() -> None:
    """The array holds feasible runs, as many as were asked for."""
    assert len({tuple(row.values()) for row in rows()}) == len(rows()) == RUNS
    assert not [row for row in rows() for barred in BARRED if barred.bars(row)]


@pytest.mark.parametrize("barred", BARRED, ids=lambda barred: barred.reason[:30])
def test_every_bar_names_values_that_exist_and_bars_something(barred: Barred) -> None:
    """A bar that rules out nothing of its own is a mistake in the data."""
    assert all(set(values) <= set(FACTORS[factor]) for factor, values in barred.values.items())
    others = [each for each in BARRED if each is not barred]
    assert len(feasible(FACTORS, others)) > len(feasible(FACTORS, BARRED))


def test_the_same_factors_give_the_same_rows() -> None:
    """Numbers of runs can be quoted."""
    assert covering(FACTORS, BARRED, RUNS) == rows()


def test_a_row_carried_out_again_has_another_seed_and_name_and_stays_in_its_half() -> None:
    """What was tuned on once is never measured on."""
    goes = [replace(setup, again=again) for setup in setups() for again in range(10)]
    assert len({setup.seed for setup in goes}) == len({setup.name for setup in goes}) == len(goes)
    assert setups()[7].seed == 7
    for setup in goes:
        assert is_set_aside(setup.client, setup.seed) == is_set_aside(setup.client, setup.number), setup.name


def test_a_span_of_seeds_is_one_or_from_one_to_another() -> None:
    """As the command line has it."""
    assert (list(span("3")), list(span("0-2"))) == ([3], [0, 1, 2])
    for wrong in ("", "1-", "-1", "a"):
        with pytest.raises(ArgumentTypeError):
            span(wrong)
