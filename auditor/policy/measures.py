"""The selectors that ask how much, when and where a conduct was: what is another for each, and compared each time.

Each has :func:`Measure.holds` beside its sentence: the answer alone, at the speed of judging.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from auditor.policy import spans
from auditor.policy.schedule import NANOSECONDS, Interval, Schedule
from auditor.policy.selectors import Match
from auditor.written.issue import listing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from auditor.model.attribution import Attribution
    from auditor.model.incident import Conduct
    from auditor.model.scale import AmountBasis
    from auditor.policy.spans import Spans


@runtime_checkable
class Measure(Protocol):
    """A selector that compares what is measured."""

    def holds(self, conduct: Conduct, /) -> bool:
        """Whether it matches, without the sentence."""
        ...


@dataclass(frozen=True, slots=True)
class AmountSelector:
    """Condition ``direction`` and ``amount``."""

    direction: str | None
    at_least: int
    below: int | None
    basis: AmountBasis

    def holds(self, conduct: Conduct, /) -> bool:
        """Whether so many bytes went, and are known well enough."""
        if conduct.amount_basis < self.basis:
            return False
        amount = 0 if self.direction == "download" else conduct.uploaded
        amount += 0 if self.direction == "upload" else conduct.downloaded
        return self.at_least <= amount and (self.below is None or amount < self.below)

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

    def holds(self, conduct: Conduct, /) -> bool:
        """Whether a listed port took part; for the whole, none else on one side."""
        own, remote = self._listed(conduct.ports), self._listed(conduct.remote_ports)
        if not self.whole:
            return bool(own or remote)
        return 0 < len(own) == len(conduct.ports) or 0 < len(remote) == len(conduct.remote_ports)

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether a listed port took part; for the whole, none else on one side."""
        own, remote = self._listed(conduct.ports), self._listed(conduct.remote_ports)
        matched = self.holds(conduct)
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
class SizeSelector:
    """Condition ``swarm_size``."""

    at_least: int
    at_most: int | None

    def holds(self, conduct: Conduct, /) -> bool:
        """Whether so many take part, as far as is known."""
        size = conduct.swarm_size
        return size is not None and self.at_least <= size and (self.at_most is None or size <= self.at_most)

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether so many take part, as far as is known."""
        size = conduct.swarm_size
        if size is None:
            return Match("swarm_size", matched=False, why="how many take part is not known")
        relation = f", more than {self.at_most}" if self.at_most is not None and size > self.at_most else ""
        relation = f", fewer than {self.at_least}" if size < self.at_least else relation
        return Match("swarm_size", self.holds(conduct), f"{size} take part{relation}")

    def includes(self, other: Self, /) -> bool:
        """Whether ``other``'s bounds are within these."""
        at_most = self.at_most is None or (other.at_most is not None and other.at_most <= self.at_most)
        return self.at_least <= other.at_least and at_most


@dataclass(frozen=True, slots=True)
class TimeSelector:
    """Condition ``hours`` and ``days``, or ``valid``."""

    name: str
    times: Schedule | Interval
    whole: bool
    zone: ZoneInfo

    def holds(self, conduct: Conduct, /) -> bool:
        """Whether the conduct touches the times; for the whole, lies within."""
        ask = self.times.covers if self.whole else self.times.touches
        return ask(conduct.first, conduct.last)

    def test(self, conduct: Conduct, _attribution: Attribution, /) -> Match:
        """Whether the conduct touches the times; for the whole, lies within."""
        matched = self.holds(conduct)
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


def _clock(moment: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(moment // NANOSECONDS, UTC).astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S")
