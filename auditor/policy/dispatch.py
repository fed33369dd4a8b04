"""The rules that are possible for a conduct, found by what it is; what is measured is compared for each by itself.

A rule is a bit. For each thing that rules ask of what a conduct is (its group, kind, grade, detectors, lists, …) there
are few answers, and for each answer the rules that it leaves possible are worked out once and kept as a number. The
bits that all the numbers of a conduct share are its rules; the first of them that holds, from the lowest on, decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.scale import Basis
from auditor.policy.selectors import (
    DetectorSelector,
    GroupSelector,
    KindSelector,
    ListSelector,
    NameSelector,
    PrivateSelector,
    ScaleSelector,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct, Judgement
    from auditor.policy.catalogue import Catalogue
    from auditor.policy.rule import Rule
    from auditor.policy.selectors import Selector

MAX_ANSWERS = 1 << 14
"""Answers that are kept for each thing asked; past it, all are worked out anew."""
_GRADES = 16


class Step(NamedTuple):
    """A rule, ready to be compared with a conduct that is what it asks for."""

    measures: tuple[Callable[[Conduct], bool], ...]
    judgement: Judgement | None
    """What it says; ``None`` where that depends on more than what is measured."""
    rule: Rule


class Dispatch:
    """Finds the rules that are possible for a conduct."""

    def __init__(self, rules: Sequence[Rule], catalogue: Catalogue) -> None:
        """Take the rules in the order in which they are asked."""
        self._lists_of = catalogue.live_lists_of
        self._steps = tuple(Step(rule.measures, rule.judgement if rule.is_plain else None, rule) for rule in rules)
        self._group = _Question(rules, GroupSelector)
        self._kind = _Question(rules, KindSelector)
        self._grade = _Question(rules, ScaleSelector)
        self._detectors = _Question(rules, DetectorSelector)
        self._lists = _Question(rules, ListSelector)
        self._private = _Question(rules, PrivateSelector)
        self._clients = _Question(rules, NameSelector, "client")
        self._trackers = _Question(rules, NameSelector, "tracker")

    @property
    def asks_private(self) -> bool:
        """Whether a rule asks if the torrent is private."""
        return self._private.is_asked

    def steps(self, conduct: Conduct, attribution: Attribution) -> Iterator[Step]:
        """Yield the rules that are possible, in order."""
        infohashes = conduct.infohashes
        possible = self._group.possible(attribution.group, conduct, attribution)
        possible &= self._kind.possible(conduct.kind, conduct, attribution)
        grade = conduct.participation * _GRADES + conduct.confidence
        possible &= self._grade.possible(grade, conduct, attribution)
        possible &= self._detectors.possible(conduct.detectors, conduct, attribution)
        if self._lists.is_asked:
            is_read = infohashes is not None and infohashes.basis is Basis.READ
            possible &= self._lists.possible((self._lists_of(conduct), is_read), conduct, attribution)
        if self._private.is_asked:
            possible &= self._private.possible(conduct.private, conduct, attribution)
        if self._clients.is_asked:
            possible &= self._clients.possible(conduct.clients, conduct, attribution)
        if self._trackers.is_asked:
            possible &= self._trackers.possible(conduct.trackers, conduct, attribution)
        while possible:
            lowest = possible & -possible
            yield self._steps[lowest.bit_length() - 1]
            possible ^= lowest


class _Question:
    """One thing that rules ask of what a conduct is, and which rules each answer leaves possible."""

    def __init__(self, rules: Sequence[Rule], kind: type[Selector], name: str | None = None) -> None:
        self._asked = [
            (1 << place, selector)
            for place, rule in enumerate(rules)
            for selector in rule.selectors
            if isinstance(selector, kind) and name in {None, getattr(selector, "name", None)}
        ]
        self._all = (1 << len(rules)) - 1
        self._known: dict[Hashable, int] = {}
        self.is_asked = bool(self._asked)

    def possible(self, answer: Hashable, conduct: Conduct, attribution: Attribution) -> int:
        """Return the rules that ask for this answer, or for nothing; ``answer`` is what they ask of the conduct."""
        known = self._known.get(answer)
        if known is None:
            if len(self._known) >= MAX_ANSWERS:
                self._known.clear()
            refused = 0
            for bit, selector in self._asked:
                if not selector.test(conduct, attribution).matched:
                    refused |= bit
            known = self._known[answer] = self._all & ~refused
        return known
