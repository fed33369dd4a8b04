"""Columns of text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.cli.table import Column, cell_width, fold, lay_out, widths

COLUMNS = (Column(("who",), least=4), Column(("much",), right=True))
ROWS = [(("alice",), ("1",)), (("bob", "eve"), ("22222",))]


def test_columns_take_what_they_need() -> None:
    """Left and right, with two spaces between them; cells may have lines."""
    wide = widths(COLUMNS, ROWS, 80)

    assert wide == [5, 5]
    assert list(lay_out(COLUMNS, ROWS, wide)) == ["alice      1", "bob    22222", "eve"]


def test_what_does_not_fit_is_folded_where_it_may() -> None:
    """Nothing is cut off: an address must be whole to be of use."""
    wide = widths(COLUMNS, ROWS, 11)

    assert wide == [4, 5]
    assert list(lay_out(COLUMNS, ROWS, wide)) == ["alic      1", "e", "bob   22222", "eve"]


def test_wide_characters_in_one_row_move_no_other() -> None:
    """Whatever script a name is of, the columns of all rows are the same."""
    rows = [*ROWS, (("日本…",), ("3",))]
    wide = widths(COLUMNS, rows, 80)

    assert wide == [5, 5]
    assert list(lay_out(COLUMNS, rows, wide)) == [*lay_out(COLUMNS, ROWS, wide), "日本…      3"]


def test_what_cannot_fit_is_said() -> None:
    """Another layout is to be tried."""
    assert widths(COLUMNS, ROWS, 10) is None


def test_wide_and_combining_characters_are_measured_as_terminals_do() -> None:
    """Columns stay straight under names of every script."""
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
    assert fold("日本語", 4) == ["日本", "語"]


@given(st.text(min_size=1), st.integers(2, 20))
def test_folding_loses_nothing_and_fits(line: str, width: int) -> None:
    """Put together again it is the same, and no piece is wider than its column."""
    pieces = fold(line, width)

    assert "".join(pieces) == line
    assert all(cell_width(piece) <= width for piece in pieces)
