"""Sets of integers as sorted, disjoint, half-open spans: ports, and seconds of a week."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = tuple[int, int]
Spans = tuple[Span, ...]


def merge(spans: Iterable[Span]) -> Spans:
    """Return the same integers in as few spans as can be, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def holds(spans: Spans, start: int, end: int) -> bool:
    """Whether every integer from ``start`` up to ``end`` is in the merged ``spans``."""
    place = bisect_right(spans, start, key=_start) - 1
    return place >= 0 and end <= spans[place][1]


def meets(spans: Spans, start: int, end: int) -> bool:
    """Whether any integer from ``start`` up to ``end`` is in the merged ``spans``."""
    place = bisect_right(spans, end - 1, key=_start) - 1
    return place >= 0 and start < spans[place][1]


def _start(span: Span) -> int:
    return span[0]
