"""Which inside endpoint stood behind a public one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity import holdings
from auditor.identity.columns import Gathering, Spans, TooMany
from auditor.identity.holdings import OPEN, Words
from auditor.model.identity import Translation

if TYPE_CHECKING:
    from typing import Literal

    from auditor.identity.columns import Places
    from auditor.identity.tolerance import Clock, Clocks
    from auditor.model.flow import Address

_PORT_BYTES = 2


class _Header(NamedTuple):
    vantage: str | None
    transport: Literal["tcp", "udp"]
    clock: Clock


class Translations:
    """Takes statements in any order with :meth:`add`; after :meth:`settle` it is asked.

    Of one source, one public endpoint stands for one inside endpoint at a time, towards one remote endpoint or, where
    none is told, towards all.
    """

    def __init__(self, places: Places, clocks: Clocks) -> None:
        self._places = places
        self._clocks = clocks
        self._gathering = Gathering()
        self._headers: dict[tuple[str, str | None, str], int] = {}
        self._known: list[_Header] = []
        self._header_of = array("I")
        self._series: dict[tuple[int, bytes], int] = {}
        self._numbers: dict[tuple[Address, int], int] = {}
        self._insides: list[tuple[Address, int]] = []
        self._spans = Spans()

    def add(self, statement: Translation) -> None:
        """Take in one statement."""
        start, end, line, transport, inside, public, remote, vantage, supposed = statement
        shared = (line.source, vantage, transport)
        header = self._headers.get(shared)
        if header is None:
            header = self._headers[shared] = len(self._headers)
            self._known.append(_Header(vantage, transport, self._clocks.of(line.source)))
        key = (header, _packed(public) if remote is None else _packed(public) + _packed(remote))
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._gathering.open()
            self._header_of.append(header)
        number = self._numbers.setdefault(inside, len(self._numbers))
        file = self._places.number(line.source, line.file)
        self._gathering.add(series, (start, end, number, supposed), file, line.line)

    def settle(self) -> None:
        """Make intervals of the statements, once all are there."""
        self._insides = list(self._numbers)
        words = Words(lambda inside: inside, lambda _one, _other: False)
        for series, said in enumerate(self._gathering.series(self._places)):
            clock = self._known[self._header_of[series]].clock
            self._spans.append(holdings.settle(said, words, sessions=False), clock.shift)
        self._gathering = Gathering()
        self._numbers.clear()

    def behind(  # noqa: PLR0917  two endpoints and a span
        self,
        vantage: str,
        transport: str,
        public: tuple[Address, int],
        remote: tuple[Address, int],
        first: int,
        last: int,
    ) -> tuple[Translation, ...]:
        """Return what may have held at some moment from ``first`` to ``last``, in order of time."""
        found: list[Translation] = []
        endpoint = _packed(public)
        for number, header in enumerate(self._known):
            if header.transport != transport or header.vantage not in {None, vantage}:
                continue
            margin = header.clock.margin
            for key, other in ((endpoint, None), (endpoint + _packed(remote), remote)):
                series = self._series.get((number, key))
                if series is None:
                    continue
                try:
                    spans = self._spans.overlapping(series, first - margin, last + margin)
                except TooMany as cut:
                    spans = cut.found  # so many stand for more than one host, which is what matters
                found += [self._translation(span, header, public, other) for span in spans]
        return tuple(sorted(found, key=_in_order))

    def _translation(
        self, span: int, header: _Header, public: tuple[Address, int], remote: tuple[Address, int] | None
    ) -> Translation:
        end = self._spans.ends[span]
        return Translation(
            self._spans.starts[span],
            None if end == OPEN else end,
            self._places.line(self._spans.places(span)[0]),
            header.transport,
            self._insides[self._spans.facts[span]],
            public,
            remote,
            header.vantage,
            supposed=bool(self._spans.supposed[span]),
        )


def _packed(endpoint: tuple[Address, int]) -> bytes:
    ip, port = endpoint
    return ip.packed + port.to_bytes(_PORT_BYTES, "big")


def _in_order(found: Translation) -> tuple[object, ...]:
    return (found.start, found.line, found.remote is None)
