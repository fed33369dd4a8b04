"""Who held an address at a time: all statements of all sources, settled once and asked often.

A statement about an address with a VLAN or a vantage point answers only for that, since equal private addresses may be
in use in several places at once. What is said of a device by its MAC counts wherever the device is: not for another
vantage point, and not for another VLAN than its frames name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.columns import Places, TooMany
from auditor.identity.enrolments import Enrolments
from auditor.identity.join import MAX_CLAIMS, NOBODY, Answer, Claim, answer
from auditor.identity.tenancies import NO_NETWORK, Found, Tenancies
from auditor.identity.tolerance import Clocks
from auditor.identity.translations import Translations
from auditor.model.identity import Enrolment, Tenure, Translation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from auditor.model.flow import Address
    from auditor.model.identity import Asked, Offset, Statement, Trust

MAX_TENURES = 4096
"""Parts of one answer; what is left of the span behind them is one part in which nobody is named."""
_ANSWERS_KEPT = 1 << 16
_MAX_ACTIVE = 4 * MAX_CLAIMS
"""Intervals that are looked at for one moment, those of wider networks among them, which mostly fall away."""
_UNWEIGHED = Answer("ambiguous")
"""Where more is said than can be weighed."""

_State = tuple[int, str, bool]
"""An interval that may hold, how it was come by, and whether it holds for sure."""


class Directory:
    """All that sources say, ready to be asked."""

    def __init__(
        self,
        statements: Iterable[Statement],
        clocks: Mapping[str, Offset] | Callable[[], Mapping[str, Offset]] | None = None,
        tolerances: Mapping[str, int] | None = None,
        trusts: Mapping[str, Trust] | None = None,
    ) -> None:
        """Take in statements in any order.

        ``clocks`` and ``tolerances`` are by source. Clocks may be measured by the statements as they pass: what is
        called for them is called when all have. ``trusts`` has the sources that are believed more or less than others
        of their kind.

        Raises:
            TooManyStatements: if there are more than can be kept.
        """
        self._places = Places()
        self._tenancies = Tenancies(self._places, trusts or {})
        self._translations = Translations(self._places)
        self._enrolments = Enrolments(self._places)
        for statement in statements:
            if isinstance(statement, Translation):
                self._translations.add(statement)
            elif isinstance(statement, Enrolment):
                self._enrolments.add(statement)
            else:
                self._tenancies.add(statement)
        self._places.settle()
        self._clocks = Clocks((clocks() if callable(clocks) else clocks) or {}, tolerances or {})
        self._tenancies.settle(self._clocks)
        self._translations.settle(self._clocks)
        self._answers: dict[tuple[tuple[_State, ...], str | None], Answer] = {}

    def ask(self, asked: Asked) -> tuple[Tenure, ...]:
        """Return who held an address: parts that adjoin and cover the span asked for."""
        first, last = asked.first, max(asked.first, asked.last)
        try:
            found = self._tenancies.of_address(asked, first, last)
            if not found:
                return (Tenure(first, last, *NOBODY),)
            found += self._tenancies.of_devices(found, asked, first, last)
        except TooMany:
            return (Tenure(first, last, *_UNWEIGHED),)
        return self._in_parts(found, asked.mac, first, last)

    def behind(  # noqa: PLR0917  two endpoints and a span
        self,
        vantage: str,
        transport: str,
        public: tuple[Address, int],
        remote: tuple[Address, int] | None,
        first: int,
        last: int,
    ) -> tuple[Translation, ...]:
        """Return the translations that may have held at some moment of a span, with their times by the capture's clock.

        Without a remote endpoint those towards any are meant; the ones of an inside endpoint that touch are one then.
        Those are among them that hold only if their source's clock is off as far as it may be: see :meth:`margin`.
        """
        return self._translations.behind(vantage, transport, public, remote, first, last)

    def clock(self, source: str) -> Offset:
        """Return by how much a source's clock is off, as far as that is known."""
        return self._clocks.of(source).offset

    def margin(self, source: str) -> int:
        """Return how far a source's times may still be from the capture's, in nanoseconds."""
        return self._clocks.of(source).margin

    def _in_parts(self, found: Sequence[Found], mac: str | None, first: int, last: int) -> tuple[Tenure, ...]:
        """Part the span where something begins or ends, and answer each part."""
        edges = [self._tenancies.edges(each.span) for each in found]
        changes: dict[int, list[int]] = {}
        active: dict[int, bool] = {}
        for number, each in enumerate(edges):
            is_sure = each.holds(first)
            if is_sure is not None:
                active[number] = is_sure
            for edge in each:
                if first < edge <= last:
                    changes.setdefault(edge, []).append(number)
        tenures: list[Tenure] = []
        begin, current = first, self._answer(found, active, mac)
        for point, numbers in sorted(changes.items()):
            for number in numbers:
                is_sure = edges[number].holds(point)
                if is_sure is None:
                    active.pop(number, None)
                else:
                    active[number] = is_sure
            following = self._answer(found, active, mac)
            if following == current:
                continue
            tenures.append(Tenure(begin, point - 1, *current))
            begin, current = point, following
            if len(tenures) == MAX_TENURES - 1:
                current = _UNWEIGHED
                break
        return (*tenures, Tenure(begin, last, *current))

    def _answer(self, found: Sequence[Found], active: Mapping[int, bool], mac: str | None) -> Answer:
        """Answer for what holds at one moment; the same is asked again and again."""
        if len(active) > _MAX_ACTIVE:
            return _UNWEIGHED
        states = tuple(sorted((*found[number], is_sure) for number, is_sure in active.items()))
        known = self._answers.get((states, mac))
        if known is None:
            if len(self._answers) >= _ANSWERS_KEPT:
                self._answers.clear()
            known = answer([self._claim(*state) for state in states], mac, self._enrolments.of)
            self._answers[states, mac] = known
        return known

    def _claim(self, span: int, via: str, is_sure: bool) -> Claim:
        header = self._tenancies.header(span)
        return Claim(
            "device" if via else "address" if header.prefix == NO_NETWORK else "network",
            header.trust,
            is_sure,
            self._tenancies.facts(span),
            tuple(self._places.line(place) for place in self._tenancies.places(span)),
            self._tenancies.clock(span).offset,
            header.prefix,
            via,
        )
