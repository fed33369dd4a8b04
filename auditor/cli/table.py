"""Columns of text that fit a terminal.

Rich would do it, at 0.05 s for its import and 0.3 s for 500 rows; a whole audit of a million packets takes less.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Cell = tuple[str, ...]
"""The lines of one cell."""
GAP = 2
"""Spaces between columns."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Column(NamedTuple):
    """How one column is headed and placed."""

    title: Cell
    right: bool = False
    least: int | None = None
    """Cells may be folded down to this width, where the whole does not fit otherwise; ``None``: never."""


def widths(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], room: int) -> list[int] | None:
    """Return a width for each column so that rows fit into ``room``, or ``None`` if they cannot."""
    titles = [column.title for column in columns]
    wide = [_widest(set().union(*cells)) for cells in zip(titles, *rows, strict=True)]
    excess = sum(wide) + GAP * (len(wide) - 1) - room
    for index in sorted(range(len(wide)), key=lambda i: -wide[i]):
        least = columns[index].least
        if excess > 0 and least is not None and wide[index] > least:
            cut = min(excess, wide[index] - least)
            wide[index] -= cut
            excess -= cut
    return wide if excess <= 0 else None


def _widest(lines: set[str]) -> int:
    """Return how many columns the widest of them takes. Each is asked for itself only where some are not plain."""
    return max(map(len if _is_plain(lines) else cell_width, lines), default=0)


def _is_plain(lines: set[str]) -> bool:
    """Whether every character of them takes one column: asked once of each that is not ASCII."""
    text = "".join(lines)
    return text.isascii() or not any(map(_beyond_one, {*_NOT_ASCII.findall(text)}))


def lay_out(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], wide: Sequence[int]) -> Iterator[str]:
    """Yield the lines of rows, folding what is wider than its column."""
    gap, rows = " " * GAP, list(rows)
    # Nearly always nothing need be folded: then a row is one format, which pads its cells.
    if all(_fit(set().union(*cells), width) for cells, width in zip(zip(*rows, strict=True), wide, strict=False)):
        form = gap.join([f"%{width if column.right else -width}s" for column, width in zip(columns, wide, strict=True)])
        for row in rows:
            for line in zip_longest(*row, fillvalue=""):
                yield (form % line).rstrip()
        return
    places = [_Place(width, right=column.right) for column, width in zip(columns, wide, strict=True)]
    blanks = [" " * width for width in wide]
    for row in rows:
        cells = [place[cell] for cell, place in zip(row, places, strict=True)]
        for line in zip_longest(*cells):
            whole = [part or blank for part, blank in zip(line, blanks, strict=True)] if None in line else line
            yield gap.join(whole).rstrip()


def _fit(lines: set[str], width: int) -> bool:
    """Whether nothing need be folded, and padding by characters is padding by columns."""
    return max(map(len, lines), default=0) <= width and _is_plain(lines)


class _Place(dict[Cell, Cell]):
    """A column's cells as they are written there, folded and padded: each once, for many come again."""

    def __init__(self, width: int, *, right: bool) -> None:
        self._width = width
        self._right = right

    def __missing__(self, cell: Cell) -> Cell:
        placed = self[cell] = tuple([part for line in cell for part in self._lines(line)])
        return placed

    def _lines(self, line: str) -> list[str]:
        width = self._width
        if line.isascii() and len(line) <= width:
            return [line.rjust(width) if self._right else line.ljust(width)]
        return [_pad(part, width, right=self._right) for part in fold(line, width)]


def fold(line: str, width: int) -> list[str]:
    """Cut a line into pieces of at most ``width`` columns; every character is kept."""
    if cell_width(line) <= width:
        return [line]
    pieces, piece, used = [], "", 0
    for character in line:
        size = cell_width(character)
        if piece and used + size > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += character
        used += size
    return [*pieces, piece]


def cell_width(text: str) -> int:
    """Return how many terminal columns a text takes: two for East Asian wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return len(text) + sum(map(_beyond_one, _NOT_ASCII.findall(text)))


@lru_cache(maxsize=1024)
def _beyond_one(character: str) -> int:
    if unicodedata.combining(character):
        return -1
    return 1 if unicodedata.east_asian_width(character) in "WF" else 0


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - cell_width(text))
    return space + text if right else text + space
