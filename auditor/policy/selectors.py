"""A rule's selectors: what each asks of a conduct, and why it matched or not.

The one mechanism behind judging and explaining: :func:`Selector.test` gives both the answer and the sentence.

An ``allow`` rule must cover the whole conduct, any other verdict matches on a part: ``whole`` says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self

from auditor.model.scale import AmountBasis, Basis, Scale, Verdict
from auditor.policy import spans
from auditor.policy.catalogue import wire_forms
from auditor.policy.schedule import NANOSECONDS, Interval, Schedule
from auditor.written.issue import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.policy import schema
    from auditor.policy.spans import Spans


@dataclass(frozen=True, slots=True)
class Match:
    """Whether one selector matched, and why."""

    selector: str
    matched: bool
    why: str


class Selector(Protocol):
    """One condition of a rule."""

    def test(self, conduct: Conduct, attribution: Attribution, /) -> Match:
        """Compare the conduct with the condition."""
        ...

    def includes(self, other: Self, /) -> bool:
        """Whether this condition holds wherever ``other``, of the same kind, does."""
        ...


@dataclass(frozen=True, slots=True)
class GroupSelector:
    """Condition ``group``."""

    groups: tuple[str, ...]
    parts: frozenset[str]
    """These and the groups within them."""

    def test(self, _conduct: Conduct, attribution: Attribution, /) -> Match:
        """Whether the host's group is named, or within one that is."""
        matched = attribution.group in self.parts
        relation = "within " if matched and attribution.group not in self.groups else ""
        return Match("group", matched, f"{attribution.group} is {_not(matched)}{relation}{_one_of(self.groups)}")

    def includes(self, other: Self, /) -> bool:
        """Whether every group of ``other`` is meant."""
        return self.parts >= other.parts


@dataclass(frozen=True, slots=True)
class DetectorSelector:
    """Condition ``detectors``."""

    detectors: tuple[str, ...]
    whole: bool

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether a named detector saw it; for the whole, only named ones."""
        fitting = [detector for detector in conduct.detectors if detector in self.detectors]
        others = [detector for detector in conduct.detectors if detector not in self.detectors]
        matched = bool(fitting) and not (self.whole and others)
        if self.whole and others:
            return Match("detectors", matched, f"{listing(others)} saw it too, outside {listing(self.detectors)}")
        if not matched:
            return Match("detectors", matched, f"seen by {listing(others) or 'none'}, not by {listing(self.detectors)}")
        return Match("detectors", matched, f"seen by {listing(fitting)}")

    def includes(self, other: Self, /) -> bool:
        """Whether ``other`` names no detector that is not named here."""
        return set(other.detectors) <= set(self.detectors) and (other.whole or not self.whole)


@dataclass(frozen=True, slots=True)
class ScaleSelector:
    """Condition ``confidence`` and ``participation``."""

    name: str
    lowest: Scale
    highest: Scale

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the conduct's grade is within the bounds."""
        value: Scale = conduct.confidence if self.name == "confidence" else conduct.participation
        if value < self.lowest:
            return Match(self.name, matched=False, why=f"{value.label} is below {self.lowest.label}")
        if value > self.highest:
            return Match(self.name, matched=False, why=f"{value.label} is above {self.highest.label}")
        return Match(self.name, matched=True, why=f"{value.label} is {self._bounds()}")

    def includes(self, other: Self, /) -> bool:
        """Whether ``other``'s bounds are within these."""
        return self.lowest <= other.lowest and other.highest <= self.highest

    def _bounds(self) -> str:
        weakest, strongest = min(type(self.lowest)), max(type(self.lowest))
        if self.highest == strongest:
            return f"at least {self.lowest.label}"
        if self.lowest == weakest:
            return f"at most {self.highest.label}"
        return f"between {self.lowest.label} and {self.highest.label}"


@dataclass(frozen=True, slots=True)
class ListSelector:
    """Condition ``lists`` and ``inferred``."""

    lists: tuple[str, ...]
    inferred: bool
    members: Mapping[bytes, frozenset[str]]
    """The lists that each infohash stands in, by its 20 wire bytes."""

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the torrent stands in a named list; where it is one of several, whether all of them do."""
        infohashes = conduct.infohashes
        if infohashes is None:
            return Match("lists", matched=False, why="no infohash is known")
        if conduct.kind == "encrypted":
            candidates = [frozenset({infohash.digest}) for infohash in infohashes.wire]
        else:
            candidates = [wire_forms(infohashes)]
        found = [{name for wire in forms for name in self.members.get(wire, ())} for forms in candidates]
        matches = sorted({name for names in found for name in names if name in self.lists})
        if not matches:
            return Match("lists", matched=False, why=f"the torrent is not on {_one_of(self.lists)}")
        if unlisted := sum(names.isdisjoint(self.lists) for names in found):
            why = f"{unlisted} of the {len(found)} torrents that it may be are not on {_one_of(self.lists)}"
            return Match("lists", matched=False, why=why)
        if infohashes.basis is Basis.INFERRED and not self.inferred:
            why = f"the torrent is on {listing(matches)}, but its infohash was inferred, not read"
            return Match("lists", matched=False, why=why)
        return Match("lists", matched=True, why=f"the torrent is on {listing(matches)}")

    def includes(self, other: Self, /) -> bool:
        """Whether every list of ``other`` is named."""
        return set(self.lists) >= set(other.lists) and (self.inferred or not other.inferred)


@dataclass(frozen=True, slots=True)
class AmountSelector:
    """Condition ``direction`` and ``amount``."""

    direction: str | None
    at_least: int
    below: int | None
    basis: AmountBasis

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether so many bytes went, and are known well enough."""
        amount, words = {
            "upload": (conduct.uploaded, "uploaded"),
            "download": (conduct.downloaded, "downloaded"),
        }.get(self.direction or "", (conduct.uploaded + conduct.downloaded, "transferred"))
        if conduct.amount_basis < self.basis:
            why = f"the amount rests on {conduct.amount_basis.label}, below {self.basis.label}"
            return Match("amount", matched=False, why=why)
        if amount < self.at_least:
            return Match("amount", matched=False, why=f"{amount} bytes {words}, fewer than {self.at_least}")
        if self.below is not None and amount >= self.below:
            return Match("amount", matched=False, why=f"{amount} bytes {words}, not below {self.below}")
        return Match("amount", matched=True, why=f"{amount} bytes {words}")

    def includes(self, other: Self, /) -> bool:
        """Whether ``other`` asks for as much in the same direction."""
        if self.direction not in (None, other.direction):
            return False
        below = self.below is None or (
            self.direction == other.direction and other.below is not None and other.below <= self.below
        )
        return self.at_least <= other.at_least and below and self.basis <= other.basis


@dataclass(frozen=True, slots=True)
class PortSelector:
    """Condition ``ports``."""

    ports: Spans
    whole: bool

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether a listed port took part; for the whole, none else on one side."""
        own, remote = self._listed(conduct.ports), self._listed(conduct.remote_ports)
        if self.whole:
            matched = bool(own and len(own) == len(conduct.ports)) or bool(
                remote and len(remote) == len(conduct.remote_ports)
            )
        else:
            matched = bool(own or remote)
        names = listing(str(port) for port in sorted({*own, *remote}))
        if matched:
            return Match("ports", matched, f"port {names} is listed")
        return Match("ports", matched, f"only port {names} is listed" if names else "no port is listed")

    def includes(self, other: Self, /) -> bool:
        """Whether every port of ``other`` is listed."""
        inside = all(spans.holds(self.ports, start, end) for start, end in other.ports)
        return inside and (other.whole or not self.whole)

    def _listed(self, ports: Iterable[int]) -> list[int]:
        return [port for port in ports if spans.holds(self.ports, port, port + 1)]


@dataclass(frozen=True, slots=True)
class TimeSelector:
    """Condition ``hours`` and ``days``, or ``valid``."""

    name: str
    times: Schedule | Interval
    whole: bool
    zone: ZoneInfo

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the conduct touches the times; for the whole, lies within."""
        ask = self.times.covers if self.whole else self.times.touches
        matched = ask(conduct.first, conduct.last)
        relation = {
            (True, True): "is all within",
            (True, False): "is not all within",
            (False, True): "is partly or all within",
            (False, False): "is outside",
        }[self.whole, matched]
        span = f"{_clock(conduct.first, self.zone)} to {_clock(conduct.last, self.zone)}"
        return Match(self.name, matched, f"{span} ({self.zone.key}) {relation} the rule's time")

    def includes(self, other: Self, /) -> bool:
        """Whether the times of ``other`` are within these."""
        if self.whole and not other.whole:
            return False
        if isinstance(self.times, Schedule):
            return isinstance(other.times, Schedule) and self.times.includes(other.times)
        return isinstance(other.times, Interval) and self.times.includes(other.times)


def compile_selectors(
    rule: schema.Rule, zone: ZoneInfo, members: Mapping[bytes, frozenset[str]]
) -> tuple[Selector, ...]:
    """Turn what a rule says into its selectors, but for ``group``, in the order in which they are told."""
    when, whole = rule.when, rule.verdict is Verdict.ALLOW
    found: list[Selector] = []
    if when.confidence is not None:
        found.append(ScaleSelector("confidence", when.confidence.at_least, when.confidence.at_most))
    if when.participation is not None:
        found.append(ScaleSelector("participation", when.participation.at_least, when.participation.at_most))
    if when.detectors is not None:
        found.append(DetectorSelector(when.detectors, whole))
    if when.lists is not None:
        found.append(ListSelector(when.lists, when.inferred, members))
    if when.amount is not None:
        amount = when.amount
        found.append(AmountSelector(when.direction, amount.at_least, amount.below, amount.basis))
    elif when.direction is not None:
        found.append(AmountSelector(when.direction, 1, None, AmountBasis.PIECES))
    if when.ports is not None:
        found.append(PortSelector(spans.merge((p.start, p.stop) for p in when.ports), whole))
    if when.hours is not None or when.days is not None:
        days = None if when.days is None else [day for days in when.days for day in days]
        found.append(TimeSelector("hours", Schedule.weekly(when.hours, days, zone), whole, zone))
    if rule.valid is not None:
        interval = Interval.of(rule.valid.since, rule.valid.until, zone)
        found.append(TimeSelector("valid", interval, whole, zone))
    return tuple(found)


def covers(broader: tuple[Selector, ...], narrower: tuple[Selector, ...]) -> bool:
    """Whether ``broader`` match wherever ``narrower`` do, as far as comparing them one by one can tell."""
    return all(any(_same_kind(b, n) and b.includes(n) for n in narrower) for b in broader)


def _same_kind(one: Selector, other: Selector) -> bool:
    return type(one) is type(other) and getattr(one, "name", None) == getattr(other, "name", None)


def _not(matched: bool) -> str:
    return "" if matched else "not "


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"one of {listing(names)}"


def _clock(moment: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(moment // NANOSECONDS, UTC).astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S")
