"""A rule's selectors: what each asks of a conduct, and why it matched or not.

:func:`Selector.test` gives both the answer and the sentence. Those here ask what a conduct is, of which there are few
kinds; those of :mod:`auditor.policy.measures` how much, when and where it was.

An ``allow`` rule must cover the whole conduct, any other verdict matches on a part: ``whole`` says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from auditor.model.scale import Basis, Scale
from auditor.policy.patterns import fold
from auditor.written.issue import listing

if TYPE_CHECKING:
    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.policy.catalogue import Catalogue
    from auditor.policy.patterns import Pattern


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
        return Match("group", matched, f"{attribution.group} is {not_(matched)}{relation}{one_of(self.groups)}")

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
class KindSelector:
    """Condition ``kind``."""

    kinds: tuple[str, ...]

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether it is of a named kind."""
        matched = conduct.kind in self.kinds
        return Match("kind", matched, f"{conduct.kind} is {not_(matched)}{one_of(self.kinds)}")

    def includes(self, other: Self, /) -> bool:
        """Whether every kind of ``other`` is named."""
        return set(self.kinds) >= set(other.kinds)


@dataclass(frozen=True, slots=True)
class ListSelector:
    """Condition ``lists`` and ``inferred``."""

    lists: tuple[str, ...]
    inferred: bool
    catalogue: Catalogue

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the torrent stands in a named list; where it is one of several, whether all of them do."""
        if conduct.infohashes is None:
            return Match("lists", matched=False, why="no infohash is known")
        found = self.catalogue.lists_of(conduct)
        named = [names.intersection(self.lists) for names in found]
        ended = sorted({name for names in named for name in names if self.catalogue.has_ended(name, conduct)})
        matches = sorted({name for names in named for name in names}.difference(ended))
        if not matches:
            why = f"the torrent is not on {one_of(self.lists)}"
            if ended:
                why = f"the torrent is on {listing(ended)}, which had ended by then"
            return Match("lists", matched=False, why=why)
        if unlisted := sum(names.isdisjoint(matches) for names in named):
            why = f"{unlisted} of the {len(found)} torrents that it may be are not on {one_of(self.lists)}"
            return Match("lists", matched=False, why=why)
        if conduct.infohashes.basis is Basis.INFERRED and not self.inferred:
            why = f"the torrent is on {listing(matches)}, but its infohash was inferred, not read"
            return Match("lists", matched=False, why=why)
        return Match("lists", matched=True, why=f"the torrent is on {listing(matches)}")

    def includes(self, other: Self, /) -> bool:
        """Whether every list of ``other`` is named."""
        return set(self.lists) >= set(other.lists) and (self.inferred or not other.inferred)


@dataclass(frozen=True, slots=True)
class PrivateSelector:
    """Condition ``private``."""

    private: bool

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the torrent's metadata says so."""
        if conduct.private is None:
            return Match("private", matched=False, why="no metadata of the torrent is known")
        word = "private" if conduct.private else "not private"
        return Match("private", conduct.private is self.private, f"the torrent is {word}")

    def includes(self, other: Self, /) -> bool:
        """Whether ``other`` asks for the same."""
        return self.private is other.private


@dataclass(frozen=True, slots=True)
class NameSelector:
    """Condition ``tracker`` and ``client``."""

    name: str
    patterns: tuple[Pattern, ...]
    whole: bool

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether a name is as one of the patterns has it; for the whole, one of each tracker or client."""
        known = conduct.trackers if self.name == "tracker" else tuple((client,) for client in conduct.clients)
        if not known:
            return Match(self.name, matched=False, why=f"no {self.name} is known")
        found = [[name for name in names if self._is_meant(name)] for names in known]
        matched = all(found) if self.whole else any(found)
        listed = found if matched else [names for names, fitting in zip(known, found, strict=True) if not fitting]
        told = tuple(dict.fromkeys(name for names in listed for name in names))
        texts = tuple(pattern.text for pattern in self.patterns)
        return Match(self.name, matched, f"{listing(told)} is {not_(matched)}{one_of(texts)}")

    def includes(self, other: Self, /) -> bool:
        """Whether every pattern of ``other`` is within one of these."""
        inside = all(any(mine.includes(theirs) for mine in self.patterns) for theirs in other.patterns)
        return inside and (other.whole or not self.whole)

    def _is_meant(self, name: str) -> bool:
        folded = fold(name)
        return any(pattern.matches(folded) for pattern in self.patterns)


def not_(matched: bool) -> str:
    """Return the word that denies a sentence where it is to be denied."""
    return "" if matched else "not "


def one_of(names: tuple[str, ...]) -> str:
    """Name one, or say that it is one of several."""
    return names[0] if len(names) == 1 else f"one of {listing(names)}"
