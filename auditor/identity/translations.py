"""Which inside endpoint stood behind a public one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity import holdings
from auditor.identity.columns import MAX_STATEMENTS, Gathering, Spans
from auditor.identity.holdings import OPEN, Said, Words
from auditor.model.identity import Translation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from auditor.identity.columns import Places
    from auditor.identity.tolerance import Clock, Clocks
    from auditor.model.flow import Address

_PORT_BYTES = 2


class _Header(NamedTuple):
    source: str
    vantage: str | None
    transport: Literal["tcp", "udp"]


class Translations:
    """Takes statements in any order with :meth:`add`; after :meth:`settle` it is asked.

    Of one source, one public endpoint stands for one inside endpoint at a time, towards one remote endpoint or, where
    none is told, towards all. A port of a source has as many intervals as it was used often: all that a question is
    about are looked through, since one that is left out might be another host's.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._gathering = Gathering()
        self._headers: dict[_Header, int] = {}
        self._clocks: list[Clock] = []
        self._series: dict[tuple[int, bytes], int] = {}
        self._publics: dict[tuple[int, bytes], int] = {}
        """The last series of each public endpoint, and when settled the number of its intervals towards any remote."""
        self._before = array("q")
        """Of each series, the one before it of the same public endpoint."""
        self._numbers: dict[tuple[Address, int], int] = {}
        self._insides: list[tuple[Address, int]] = []
        self._spans = Spans()
        self._any = Spans()

    def add(self, statement: Translation) -> None:
        """Take in one statement."""
        start, end, line, transport, inside, public, remote, vantage, supposed = statement
        shared = _Header(line.source, vantage, transport)
        header = self._headers.setdefault(shared, len(self._headers))
        endpoint = _packed(public)
        key = (header, endpoint if remote is None else endpoint + _packed(remote))
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._gathering.open()
            self._before.append(self._publics.get((header, endpoint), -1))
            self._publics[header, endpoint] = series
        number = self._numbers.setdefault(inside, len(self._numbers))
        file = self._places.number(line.source, line.file)
        self._gathering.add(series, (start, end, number, supposed), file, line.line)

    def settle(self, clocks: Clocks) -> None:
        """Make intervals of the statements, once all are there."""
        self._clocks = [clocks.of(header.source) for header in self._headers]
        self._insides = list(self._numbers)
        words = Words(lambda inside: inside, lambda _one, _other: False)
        for said in self._gathering.series(self._places):
            self._spans.append(holdings.settle(said, words, sessions=False), 0)
        for number, ((header, endpoint), latest) in enumerate(self._publics.items()):
            said = [
                Said(self._spans.starts[span], place, self._spans.ends[span], self._spans.facts[span], supposed)
                for span in self._of_public(latest)
                for place in self._spans.places(span)
                for supposed in (bool(self._spans.supposed[span]),)
            ]
            self._any.append(holdings.as_written(said), 0)
            self._publics[header, endpoint] = number
        self._gathering = Gathering()
        self._numbers.clear()

    def _of_public(self, latest: int) -> Iterator[int]:
        series = latest
        while series >= 0:
            yield from self._spans.of_series(series)
            series = self._before[series]

    def behind(  # noqa: PLR0917  two endpoints and a span
        self,
        vantage: str,
        transport: str,
        public: tuple[Address, int],
        remote: tuple[Address, int] | None,
        first: int,
        last: int,
    ) -> tuple[Translation, ...]:
        """Return what may have held at some moment from ``first`` to ``last``, in order of time."""
        found: list[Translation] = []
        endpoint = _packed(public)
        for header, number in self._headers.items():
            if header.transport != transport or header.vantage not in {None, vantage}:
                continue
            shift, margin = self._clocks[number].shift, self._clocks[number].margin
            span = (first - shift - margin, last - shift + margin)
            wanted: list[tuple[Spans, int | None, tuple[Address, int] | None]]
            if remote is None:
                wanted = [(self._any, self._publics.get((number, endpoint)), None)]
            else:
                exact = self._series.get((number, endpoint + _packed(remote)))
                wanted = [(self._spans, self._series.get((number, endpoint)), None), (self._spans, exact, remote)]
            for spans, series, other in wanted:
                if series is not None:
                    there = spans.overlapping(series, *span, most=MAX_STATEMENTS)
                    found += [self._translation(spans, each, shift, header, public, other) for each in there]
        return tuple(sorted(found, key=_in_order))

    def _translation(  # noqa: PLR0917
        self,
        spans: Spans,
        span: int,
        shift: int,
        header: _Header,
        public: tuple[Address, int],
        remote: tuple[Address, int] | None,
    ) -> Translation:
        end = spans.ends[span]
        return Translation(
            spans.starts[span] + shift,
            None if end == OPEN else end + shift,
            self._places.line(spans.places(span)[0]),
            header.transport,
            self._insides[spans.facts[span]],
            public,
            remote,
            header.vantage,
            supposed=bool(spans.supposed[span]),
        )


def _packed(endpoint: tuple[Address, int]) -> bytes:
    ip, port = endpoint
    return ip.packed + port.to_bytes(_PORT_BYTES, "big")


def _in_order(found: Translation) -> tuple[object, ...]:
    return (found.start, found.line, found.remote is None)
