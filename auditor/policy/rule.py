"""A rule or an exception, ready to be compared with conducts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.incident import Judgement
from auditor.model.moment import HOUR, MINUTE
from auditor.model.scale import AmountBasis, Severity, Verdict
from auditor.policy import spans
from auditor.policy.history import History
from auditor.policy.measures import AmountSelector, Measure, PortSelector, SizeSelector, TimeSelector
from auditor.policy.schedule import Interval, Schedule
from auditor.policy.selectors import (
    DetectorSelector,
    GroupSelector,
    KindSelector,
    ListSelector,
    Match,
    NameSelector,
    PrivateSelector,
    ScaleSelector,
    Selector,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.policy import schema
    from auditor.policy.catalogue import Catalogue
    from auditor.policy.history import Before

SEVERITY = {Verdict.ALLOW: Severity.INFO, Verdict.NOTICE: Severity.LOW, Verdict.VIOLATION: Severity.HIGH}
"""How grave a verdict is where the policy does not say."""


class Often(NamedTuple):
    """A number of conducts within a time."""

    times: int
    within: int


class Rule(NamedTuple):
    """One rule or exception."""

    id: str
    selectors: tuple[Selector, ...]
    """In the order in which they are told; the time for which it holds and how often it was are apart."""
    judgement: Judgement
    term: TimeSelector | None = None
    """The time for which it holds."""
    often: Often | None = None
    """It matches from so many conducts on that match the rest."""
    first: Often | None = None
    """So many conducts are a notice before it is a violation."""
    is_exception: bool = False
    line: int = 0
    """Where it stands in the policy's file."""

    @property
    def measures(self) -> tuple[Callable[[Conduct], bool], ...]:
        """What is compared with each conduct, but for the time for which an exception holds, which may have lapsed."""
        term = () if self.term is None or self.is_exception else (self.term.holds,)
        return (*(each.holds for each in self.selectors if isinstance(each, Measure)), *term)

    @property
    def is_plain(self) -> bool:
        """Whether it says the same of whatever its selectors match."""
        return self.often is None and self.first is None and not (self.is_exception and self.term)

    def has_lapsed(self, conduct: Conduct) -> bool:
        """Whether it is an exception that ended before the conduct did."""
        end = self.term.times.end if self.is_exception and self.term and isinstance(self.term.times, Interval) else None
        return end is not None and end <= conduct.last

    def settle(self, conduct: Conduct, attribution: Attribution, history: Before) -> Judgement | None:
        """Say what becomes of a conduct that the selectors match, and note that they did; ``None``: not this rule's."""
        if self.is_exception and self.term is not None and not self.term.holds(conduct):
            return None
        if self.often is not None:
            before = history.earlier(self.id, "often", conduct, attribution, self.often.within)
            history.note(self.id, "often", conduct, attribution, self.often.times)
            if before + 1 < self.often.times:
                return None
        if self.first is None:
            return self.judgement
        before = history.earlier(self.id, "first", conduct, attribution, self.first.within)
        history.note(self.id, "first", conduct, attribution, self.first.times)
        return self._before_violation(self.first, before)

    def foresee(self, conduct: Conduct, attribution: Attribution, history: History) -> Judgement:
        """Say what it says of a conduct that it matches, and note nothing."""
        if self.first is None:
            return self.judgement
        return self._before_violation(
            self.first, history.earlier(self.id, "first", conduct, attribution, self.first.within)
        )

    def _before_violation(self, first: Often, before: int) -> Judgement:
        if before >= first.times:
            return self.judgement
        reason = (
            f"{self.judgement.reason} (notice {before + 1} of {first.times} within {in_words(first.within)} before a "
            "violation)"
        )
        return self.judgement._replace(verdict=Verdict.NOTICE, severity=SEVERITY[Verdict.NOTICE], reason=reason)


def match(rule: Rule, conduct: Conduct, attribution: Attribution, history: History | None = None) -> tuple[Match, ...]:
    """Compare a conduct with everything that a rule asks; the rule matches where all of it does. Nothing is noted."""
    found = [selector.test(conduct, attribution) for selector in rule.selectors]
    if rule.term is not None:
        found.append(rule.term.test(conduct, attribution))
    if rule.often is not None:
        before = (history or History()).earlier(rule.id, "often", conduct, attribution, rule.often.within)
        why = f"{before + 1} within {in_words(rule.often.within)}"
        enough = before + 1 >= rule.often.times
        found.append(Match("often", enough, why if enough else f"{why}, fewer than {rule.often.times}"))
    return tuple(found)


def in_words(duration: int) -> str:
    """Write a length of time: ``90 days``."""
    for unit, word in ((24 * HOUR, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if duration % unit == 0:
            return f"{duration // unit} {word}{'' if duration == unit else 's'}"
    return f"{duration // MINUTE} minutes"


def compile_rule(
    rule: schema.Rule | schema.PolicyException, written: schema.PolicyFile, catalogue: Catalogue, line: int = 0
) -> Rule:
    """Make a rule or an exception ready; ``line`` is where it stands in the policy's file."""
    group = () if rule.group is None else (GroupSelector(rule.group, written.parts_of(rule.group)),)
    often, first = rule.when.often, getattr(rule, "first", None)
    return Rule(
        id=rule.id,
        selectors=(*group, *compile_selectors(rule, written.timezone, catalogue)),
        judgement=compile_judgement(rule, rule.id),
        term=compile_term(rule, written.timezone),
        often=None if often is None else Often(often.count, often.within),
        first=None if first is None or rule.verdict is not Verdict.VIOLATION else Often(first.count, first.within),
        is_exception=hasattr(rule, "owner"),
        line=line,
    )


def compile_judgement(outcome: schema.Outcome | schema.PolicyException, rule: str | None) -> Judgement:
    """Make ready what is said of a conduct."""
    severity = SEVERITY[outcome.verdict] if outcome.severity is None else outcome.severity
    return Judgement(outcome.verdict, rule, severity, outcome.reason)


def compile_selectors(
    rule: schema.Rule | schema.PolicyException, zone: ZoneInfo, catalogue: Catalogue
) -> tuple[Selector, ...]:
    """Turn what a rule says into its selectors, but for ``group`` and time, in the order in which they are told."""
    whole = rule.verdict is Verdict.ALLOW
    return (*_features(rule.when, catalogue, whole=whole), *_measures(rule.when, zone, whole=whole))


def _features(when: schema.When, catalogue: Catalogue, *, whole: bool) -> Iterator[Selector]:
    """Yield the selectors that ask what a conduct is."""
    if when.kind is not None:
        yield KindSelector(when.kind)
    if when.confidence is not None:
        yield ScaleSelector("confidence", when.confidence.at_least, when.confidence.at_most)
    if when.participation is not None:
        yield ScaleSelector("participation", when.participation.at_least, when.participation.at_most)
    if when.detectors is not None:
        yield DetectorSelector(when.detectors, whole)
    if when.lists is not None:
        yield ListSelector(when.lists, when.inferred, catalogue)
    if when.private is not None:
        yield PrivateSelector(when.private)
    for name, patterns in (("tracker", when.tracker), ("client", when.client)):
        if patterns is not None:
            yield NameSelector(name, patterns, whole)


def _measures(when: schema.When, zone: ZoneInfo, *, whole: bool) -> Iterator[Selector]:
    """Yield the selectors that ask how much, when and where it was."""
    if when.swarm_size is not None:
        yield SizeSelector(when.swarm_size.at_least, when.swarm_size.at_most)
    if when.amount is not None:
        amount = when.amount
        yield AmountSelector(when.direction, amount.at_least, amount.below, amount.basis)
    elif when.direction is not None:
        yield AmountSelector(when.direction, 1, None, AmountBasis.PIECES)
    if when.ports is not None:
        yield PortSelector(spans.merge((p.start, p.stop) for p in when.ports), whole)
    if when.hours is not None or when.days is not None:
        days = None if when.days is None else [day for days in when.days for day in days]
        yield TimeSelector("hours", Schedule.weekly(when.hours, days, zone), whole, zone)


def compile_term(rule: schema.Rule | schema.PolicyException, zone: ZoneInfo) -> TimeSelector | None:
    """Turn the time for which a rule or an exception holds into its selector."""
    valid = rule.valid if hasattr(rule, "valid") else rule
    if valid is None:
        return None
    interval = Interval.of(valid.since, valid.until, zone)
    return TimeSelector("valid", interval, rule.verdict is Verdict.ALLOW, zone)


def covers(broader: tuple[Selector, ...], narrower: tuple[Selector, ...]) -> bool:
    """Whether ``broader`` match wherever ``narrower`` do, as far as comparing them one by one can tell."""
    return all(any(_same_kind(b, n) and b.includes(n) for n in narrower) for b in broader)


def _same_kind(one: Selector, other: Selector) -> bool:
    return type(one) is type(other) and getattr(one, "name", None) == getattr(other, "name", None)
