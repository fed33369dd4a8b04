"""Statements by the million, in columns: while they come, and settled into intervals that are looked up by time.

A statement takes some thirty bytes while it waits, an interval some fifty; what statements share is kept once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from auditor.identity.holdings import OPEN, Said
from auditor.model.identity import SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.identity.holdings import Held

MAX_STATEMENTS = 1 << 24
"""More are refused: they would take more than a GB."""
MAX_WALK = 4096
"""So many intervals are looked through for one question about one series."""
_LINE_BITS = 40
_LINE_MASK = (1 << _LINE_BITS) - 1
_COLUMNS = 5


class TooManyStatements(ValueError):  # noqa: N818 - there are, and it is no fault of the program
    """There are more statements than are kept."""

    def __init__(self) -> None:
        super().__init__(
            f"the identity sources make more than {MAX_STATEMENTS} statements; leave out what is long past"
        )


class TooMany(Exception):  # noqa: N818 - an answer that is cut short
    """More intervals would have to be looked through."""


class Places:
    """Where statements stand, as numbers whose order is that of source, file and line."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._listed: list[tuple[str, str]] = []
        self._ranks: list[int] = []
        self._files: list[tuple[str, str]] = []

    def number(self, source: str, file: str) -> int:
        """Return the number of a source's file."""
        return self._numbers.setdefault((source, file), len(self._numbers))

    def file(self, number: int) -> tuple[str, str]:
        """Return the source and the path of a file's number."""
        if len(self._listed) < len(self._numbers):
            self._listed = list(self._numbers)
        return self._listed[number]

    def settle(self) -> None:
        """Order the files, once all are known."""
        self._files = sorted(self._numbers)
        rank = {file: place for place, file in enumerate(self._files)}
        self._ranks = [rank[file] for file in self._numbers]

    def settled(self, place: int) -> int:
        """Return the place of a line whose file had a number when it came."""
        return self._ranks[place >> _LINE_BITS] << _LINE_BITS | place & _LINE_MASK

    def written(self, number: int, line: int) -> SourceLine:
        """Return a line of the file that has a number."""
        return SourceLine(*self._files[self._ranks[number]], line)

    def line(self, place: int) -> SourceLine:
        """Return the line at a place."""
        return SourceLine(*self._files[place >> _LINE_BITS], place & _LINE_MASK)


class Gathering:
    """Statements as they come, chained by series."""

    def __init__(self) -> None:
        self._rows = array("q")
        self._latest = array("q")

    def open(self) -> int:
        """Begin a series; return its number."""
        self._latest.append(-1)
        return len(self._latest) - 1

    def add(self, series: int, said: tuple[int, int | None, int, bool], file: int, line: int) -> None:
        """Take in one statement: its start, its end, the number of its facts, and whether it is only supposed."""
        start, end, fact, supposed = said
        row = len(self._rows)
        if row >= MAX_STATEMENTS * _COLUMNS:
            raise TooManyStatements
        if end is None or end > OPEN:
            end = OPEN
        if not -OPEN <= start <= end:
            start = max(-OPEN, min(start, OPEN - 1))
            end = max(start, end)
        place = file << _LINE_BITS | min(line, _LINE_MASK)
        self._rows.extend((start, end, fact << 1 | supposed, place, self._latest[series]))
        self._latest[series] = row

    def series(self, places: Places) -> Iterator[list[Said]]:
        """Yield the statements of each series, in order of time."""
        rows, settled = self._rows, places.settled
        for latest in self._latest:
            said: list[Said] = []
            at = latest
            while at >= 0:
                start, end, fact, place, at = rows[at : at + _COLUMNS]
                said.append(Said(start, settled(place), end, fact >> 1, bool(fact & 1)))
            if len(said) > 1:
                said.sort()
            yield said


class Spans:
    """Settled intervals, series after series, each in order of time."""

    def __init__(self) -> None:
        self.starts = array("q")
        self.ends = array("q")
        self.facts = array("I")
        self.supposed = bytearray()
        self._first = array("q")
        self._last = array("q")
        self._reach = array("q")
        self._begins = array("I", [0])
        self._series = array("I")

    def append(self, held: Sequence[Held], shift: int) -> None:
        """Take in what the next series came to, with its times moved."""
        reach = -OPEN
        series = len(self._begins) - 1
        for start, end, fact, first, last, supposed in sorted(held) if len(held) > 1 else held:
            end = end if end == OPEN else end + shift  # noqa: PLW2901
            reach = max(reach, end)
            self.starts.append(start + shift)
            self.ends.append(end)
            self.facts.append(fact)
            self.supposed.append(supposed)
            self._first.append(first)
            self._last.append(last)
            self._reach.append(reach)
            self._series.append(series)
        self._begins.append(len(self.starts))

    def __len__(self) -> int:
        return len(self.starts)

    def series_of(self, span: int) -> int:
        """Return which series an interval is of."""
        return self._series[span]

    def of_series(self, series: int) -> range:
        """Return all intervals of a series."""
        return range(self._begins[series], self._begins[series + 1])

    def places(self, span: int) -> tuple[int, ...]:
        """Return the places of the first and the last statement behind an interval."""
        first, last = self._first[span], self._last[span]
        return (first,) if first == last else (first, last)

    def overlapping(self, series: int, first: int, last: int, most: int | None = None) -> list[int]:
        """Return the intervals of a series that share a moment with ``first`` to ``last``, both included.

        So many are looked through as ``most`` says, or :data:`MAX_WALK`.

        Raises:
            TooMany: if too many would have to be looked through.
        """
        low, high = self._begins[series], self._begins[series + 1]
        at = bisect_right(self.starts, last, low, high) - 1
        stop = max(low, at - (MAX_WALK if most is None else most))
        found: list[int] = []
        while at >= low and self._reach[at] > first:
            if at < stop:
                raise TooMany
            if self.ends[at] > first:
                found.append(at)
            at -= 1
        return found


class ByKey:
    """Another order of some intervals of :class:`Spans`: by keys that facts have, then by time."""

    def __init__(self, spans: Spans, keys_of: Sequence[tuple[int, ...]], keys: int) -> None:
        """``keys_of`` has the keys of each fact, by its number; all are below ``keys``."""
        latest, before, rows = array("q", [-1]) * keys, array("q"), array("I")
        for span, fact in enumerate(spans.facts):
            for key in keys_of[fact]:
                before.append(latest[key])
                latest[key] = len(rows)
                rows.append(span)
        self._spans = spans
        self._order = array("I")
        self._reach = array("q")
        self._begins = array("I", [0])
        for row in latest:
            at, of_key = row, []
            while at >= 0:
                of_key.append(rows[at])
                at = before[at]
            if len(of_key) > 1:
                of_key.sort(key=spans.starts.__getitem__)
            reach = -OPEN
            for span in of_key:
                reach = max(reach, spans.ends[span])
                self._order.append(span)
                self._reach.append(reach)
            self._begins.append(len(self._order))

    def all_of(self, key: int) -> Sequence[int]:
        """Return all intervals of a key."""
        return self._order[self._begins[key] : self._begins[key + 1]]

    def overlapping(self, key: int, first: int, last: int) -> list[int]:
        """Return the intervals of a key that share a moment with ``first`` to ``last``, both included.

        Raises:
            TooMany: if too many would have to be looked through.
        """
        low, high = self._begins[key], self._begins[key + 1]
        at = bisect_right(self._order, last, low, high, key=self._spans.starts.__getitem__) - 1
        stop = max(low, at - MAX_WALK)
        found: list[int] = []
        while at >= low and self._reach[at] > first:
            if at < stop:
                raise TooMany
            if self._spans.ends[self._order[at]] > first:
                found.append(self._order[at])
            at -= 1
        return found
