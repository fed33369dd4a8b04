"""What the statements of one source about one address (or one device, or one public endpoint) come to, in time.

A list means what is written in it, row by row. Everything else is a record of what happened, in which the later
statement goes before the earlier one, however long the earlier one was to last:

- another holder ends the one before, where it begins;
- the same holder goes on: a renewal sets the end anew, sooner or later;
- what was said of a holder stays said while it holds, until it is said otherwise;
- an empty interval is a release: its holder, or if it names none whoever holds, holds no longer from there;
- of statements of one holder that begin at the same moment, the one that ends first is right: an end that came
  sooner than planned is known later;
- holders that begin at the same moment stand beside each other: the source's clock does not tell them apart.

A log-in (``sessions``) differs in its ends: an open one is closed by one that is known, and of several known ones of
the same holder the last counts, since sessions of one device overlap while it moves.

What is only supposed ends where something surer begins that it cannot be true beside, and ends nothing itself.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

OPEN = 1 << 62
"""The end of what has none."""


class Said(NamedTuple):
    """One statement of a series."""

    start: int
    place: int
    """Where it stands: orders statements that begin together, so that the order of reading does not matter."""
    end: int
    fact: int
    supposed: bool


class Held(NamedTuple):
    """What statements came to: one interval of one holder."""

    start: int
    end: int
    fact: int
    first: int
    """The place of the first statement that says so."""
    last: int
    """The place of the last one."""
    supposed: bool


class Words(NamedTuple):
    """How statements of a series compare, by their facts."""

    holder: Callable[[int], int]
    """Who is meant; -1 where a statement names no device."""
    contradict: Callable[[int, int], bool]


@dataclass(slots=True)
class _Span:
    start: int
    fact: int
    first: int
    last: int

    def until(self, end: int) -> Held:
        return Held(self.start, end, self.fact, self.first, self.last, supposed=False)


@dataclass(slots=True)
class _Holding:
    """A holder that holds, with what was said of it and not withdrawn."""

    until: int
    spans: list[_Span]

    def ended(self, at: int) -> Iterable[Held]:
        return (span.until(min(at, self.until)) for span in self.spans)


def as_written(said: Sequence[Said]) -> list[Held]:
    """Let each statement hold from its start to its end; equal ones that touch are one."""
    held: list[Held] = []
    for (fact, supposed), rows in groupby(sorted(said, key=itemgetter(3, 4, 0, 1)), itemgetter(3, 4)):
        current: Held | None = None
        for row in rows:
            if row.end <= row.start:
                continue
            if current is not None and row.start <= current.end:
                current = current._replace(end=max(current.end, row.end), last=row.place)
                continue
            if current is not None:
                held.append(current)
            current = Held(row.start, row.end, fact, row.place, row.place, supposed)
        if current is not None:
            held.append(current)
    return held


def settle(said: Sequence[Said], words: Words, *, sessions: bool) -> list[Held]:
    """Let later statements go before earlier ones; ``said`` is in order."""
    if len(said) == 1 and said[0].start < said[0].end:
        start, place, end, fact, supposed = said[0]
        return [Held(start, end, fact, place, place, supposed)]
    plain = None if sessions else _plain(said, words)
    if plain is not None:
        return plain
    sure = [row for row in said if not row.supposed]
    held: list[Held] = []
    running: dict[int, _Holding] = {}
    for start, together in groupby(sure, itemgetter(0)):
        _step(start, list(together), running, held, words, sessions=sessions)
    for holding in running.values():
        held += holding.ended(OPEN)
    if len(sure) < len(said):
        held += as_written(_cut([row for row in said if row.supposed], sure, words))
    return [each for each in held if each.start < each.end]


def _plain(said: Sequence[Said], words: Words) -> list[Held] | None:
    """Settle what nearly all series are: one statement at a time, each by its own holder or the one before.

    Return ``None`` where there is more to it.
    """
    held: list[Held] = []
    holder, until, fact, start, first, last = -2, -OPEN, -1, -OPEN, 0, 0
    before = -OPEN - 1
    for begin, place, end, said_fact, supposed in said:
        who = words.holder(said_fact)
        is_running = until > begin
        if begin == before or supposed or (is_running and who == holder and said_fact != fact):
            return None
        before = begin
        if end <= begin:  # a release
            if is_running and who in {holder, -1}:
                until = begin
        elif is_running and who == holder:
            until, last = end, place
        else:
            if until > start:
                held.append(Held(start, min(until, begin), fact, first, last, supposed=False))
            holder, until, fact, start, first, last = who, end, said_fact, begin, place, place
    if until > start:
        held.append(Held(start, until, fact, first, last, supposed=False))
    return held


def _step(
    now: int, rows: list[Said], running: dict[int, _Holding], held: list[Held], words: Words, *, sessions: bool
) -> None:
    """Take in all statements that begin at one moment."""
    ends: dict[int, int] = {}
    for row in rows:
        holder = words.holder(row.fact)
        ends[holder] = _sooner(ends[holder], row.end, sessions=sessions) if holder in ends else row.end
    beginning = {holder for holder, end in ends.items() if end > now}
    anyone_released = ends.get(-1, OPEN) <= now
    for holder, holding in list(running.items()):
        is_released = ends.get(holder, OPEN) <= now or anyone_released
        if holding.until <= now or is_released or (beginning and holder not in beginning):
            held += running.pop(holder).ended(now)
    for row in rows:
        holder = words.holder(row.fact)
        if holder in beginning:
            _hold(row, ends[holder], running, held, words, sessions=sessions)


def _hold(row: Said, end: int, running: dict[int, _Holding], held: list[Held], words: Words, *, sessions: bool) -> None:
    """Let a holder begin, or go on."""
    now, holder = row.start, words.holder(row.fact)
    holding = running.get(holder)
    if holding is None:
        running[holder] = _Holding(end, [_Span(now, row.fact, row.place, row.place)])
        return
    holding.until = _later(holding.until, end) if sessions else end
    for span in holding.spans:
        if span.fact == row.fact:
            span.last = row.place
            return
    kept: list[_Span] = []
    for span in holding.spans:
        if span.start < now and words.contradict(span.fact, row.fact):
            held.append(span.until(now))
        else:
            kept.append(span)
    holding.spans = [*kept, _Span(now, row.fact, row.place, row.place)]


def _sooner(one: int, other: int, *, sessions: bool) -> int:
    """Which end is right of two statements that begin together."""
    return _later(one, other) if sessions else min(one, other)


def _later(one: int, other: int) -> int:
    """Which end is right of two sessions of one holder: an open one knows less."""
    return min(one, other) if OPEN in {one, other} else max(one, other)


def _cut(supposed: list[Said], sure: list[Said], words: Words) -> list[Said]:
    """End what is supposed where something else begins for sure."""
    starts = [row.start for row in sure]
    after = [len(sure)] * len(sure)
    for at in range(len(sure) - 2, -1, -1):
        after[at] = at + 1 if _are_apart(sure[at], sure[at + 1], words) else after[at + 1]
    cut: list[Said] = []
    for row in supposed:
        at = bisect_right(starts, row.start)
        if at < len(sure) and not _are_apart(row, sure[at], words):
            at = after[at]
        cut.append(row._replace(end=min(row.end, starts[at])) if at < len(sure) else row)
    return cut


def _are_apart(one: Said, other: Said, words: Words) -> bool:
    return words.holder(one.fact) != words.holder(other.fact) or words.contradict(one.fact, other.fact)
