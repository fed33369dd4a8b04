"""A covering array: few rows in which every pair of values that can occur together does so.

Greedy over all feasible combinations, of which there are a few thousand at most: the next row is the one that covers
the most of what is not covered yet; of equals, the one whose values were used least, then the first. So the same
factors give the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

Factors = Mapping[str, Sequence[str]]
Row = dict[str, str]
Share = frozenset[tuple[str, str]]
"""Some factors of a row with their values."""


@dataclass(frozen=True, slots=True)
class Barred:
    """What cannot be had: a row is barred if each factor named here has one of the values named here."""

    values: Mapping[str, Sequence[str]]
    reason: str

    def bars(self, row: Row) -> bool:
        """Whether it rules ``row`` out."""
        return all(row[factor] in values for factor, values in self.values.items())


def feasible(factors: Factors, barred: Sequence[Barred]) -> list[Row]:
    """Return every combination of values that nothing bars, in the factors' order."""
    rows = (dict(zip(factors, values, strict=True)) for values in product(*factors.values()))
    return [row for row in rows if not any(each.bars(row) for each in barred)]


def shares(row: Row, strength: int) -> set[Share]:
    """Return every choice of ``strength`` factors of a row, with their values."""
    return {frozenset(chosen) for chosen in combinations(row.items(), strength)}


def covering(factors: Factors, barred: Sequence[Barred], least: int) -> list[Row]:
    """Return rows that cover every feasible pair; then, up to ``least`` rows, as many triples as can be."""
    candidates = feasible(factors, barred)
    rows = _cover(candidates, [], strength=2, enough=len(candidates))
    return _cover(candidates, rows, strength=3, enough=least)


def _cover(candidates: Sequence[Row], begun: Sequence[Row], *, strength: int, enough: int) -> list[Row]:
    """Add rows until every share of this strength is covered, or there are enough."""
    rows = list(begun)
    used = Counter(value for row in rows for value in row.items())
    of_each = [(row, shares(row, strength)) for row in candidates]
    covered = {share for row in rows for share in shares(row, strength)}
    wanted = {share for _, has in of_each for share in has}

    def gain(entry: tuple[Row, set[Share]]) -> tuple[int, int]:
        row, has = entry
        return len(has - covered), -sum(used[value] for value in row.items())

    while wanted - covered and len(rows) < enough:
        row, has = max(of_each, key=gain)
        covered |= has
        used.update(row.items())
        rows.append(row)
    return rows
