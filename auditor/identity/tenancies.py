"""All that sources say of addresses, networks and devices, settled into intervals and found by address or device."""

from __future__ import annotations

from array import array
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity import holdings
from auditor.identity.columns import ByKey, Gathering, Spans
from auditor.identity.facts import Facts, contradict, names_of
from auditor.identity.holdings import OPEN, Words
from auditor.model.identity import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.identity.columns import Places
    from auditor.identity.tolerance import Clock, Clocks
    from auditor.model.flow import Address
    from auditor.model.identity import Asked, Tenancy

NO_NETWORK = -1
_SEVERAL, _NOTHING = -1, -2
_TRUST_BITS = 3

_Facts = tuple[str | None, str | None, str | None, str | None, tuple[str, ...], tuple[tuple[str, str], ...]]
"""The fields of :class:`Facts`, of which most are never looked at."""


class Header(NamedTuple):
    """What the statements of a series share."""

    source: str
    told: Trust
    """By the statements themselves; it tells what kind of record they are."""
    trust: Trust
    """How far they are believed."""
    vlan: int | None
    vantage: str | None
    prefix: int
    """Of a network; of an address or a device, :data:`NO_NETWORK`."""


class Found(NamedTuple):
    """An interval that may matter to an answer, and how it was come by."""

    span: int
    via: str = ""
    """The device's name; empty of an address or a network."""


class Edges(NamedTuple):
    """From when to when an interval may hold, and from when to when it does by any clock its source may have."""

    first: int
    sure_first: int
    sure_end: int
    end: int

    def holds(self, moment: int) -> bool | None:
        """Whether it holds for sure; ``None`` if it does not at all."""
        if not self.first <= moment < self.end:
            return None
        return self.sure_first <= moment < self.sure_end


class Tenancies:
    """Takes statements in any order with :meth:`add`; after :meth:`settle` it is asked."""

    def __init__(self, places: Places, trusts: Mapping[str, Trust]) -> None:
        self._places = places
        self._trusts = trusts
        self._gathering = Gathering()
        self._numbers: dict[_Facts, int] = {}
        self._kinds: dict[tuple[object, ...], tuple[int, int]] = {}
        self._series: dict[tuple[int, object], int] = {}
        self._header_numbers: dict[Header, int] = {}
        self._headers: list[Header] = []
        self._clocks: list[Clock] = []
        self._header_of = array("I")
        self._addresses: dict[bytes, tuple[int, ...]] = {}
        """The series of each address."""
        self._networks: dict[tuple[int, int], dict[int, list[int]]] = {}
        self._facts: list[_Facts] = []
        self._spans = Spans()
        self._device_numbers: dict[str, int] = {}
        self._devices: ByKey
        self._sole: array[int]
        self._widest = 0

    def add(self, statement: Tenancy) -> None:
        """Take in one statement."""
        start, end, trust, line, ip, mac, duid, vlan, vantage, host, user, groups, attributes, network, supposed = (
            statement
        )
        fact = self._numbers.setdefault((mac, duid, host, user, groups, attributes), len(self._numbers))
        shared = (line[:2], int(trust), vlan, vantage, NO_NETWORK if network is None else network.prefixlen)
        known = self._kinds.get(shared)
        if known is None:
            known = self._kinds[shared] = self._places.number(line.source, line.file), self._header(statement)
        file, header = known
        where: object = ip.packed if ip is not None else network or mac or ("duid", duid)
        series = self._series.get((header, where))
        if series is None:
            series = self._series[header, where] = self._gathering.open()
            self._header_of.append(header)
            if isinstance(where, bytes):
                self._addresses[where] = (*self._addresses.get(where, ()), series)
            elif network is not None:
                level = self._networks.setdefault((network.version, network.prefixlen), {})
                level.setdefault(int(network.network_address), []).append(series)
        self._gathering.add(series, (start, end, fact, supposed), file, line.line)

    def _header(self, statement: Tenancy) -> int:
        """Return the number of what a statement shares with others of its source."""
        source, told = statement.line.source, statement.trust
        prefix = NO_NETWORK if statement.network is None else statement.network.prefixlen
        believed = self._trusts.get(source, told)
        header = Header(source, told, believed, statement.vlan, statement.vantage, prefix)
        number = self._header_numbers.setdefault(header, len(self._headers))
        if number == len(self._headers):
            self._headers.append(header)
        return number

    def settle(self, clocks: Clocks) -> None:
        """Make intervals of the statements, once all are there."""
        self._clocks = [clocks.of(header.source) for header in self._headers]
        self._facts = list(self._numbers)
        self._numbers.clear()
        self._series.clear()
        self._widest = max((clock.margin for clock in self._clocks), default=0)
        devices: dict[str, int] = {}
        holders = array("i")
        for mac, duid, *_ in self._facts:
            name = mac or duid
            holders.append(-1 if name is None else devices.setdefault(name, len(devices)))
        words = Words(holders.__getitem__, lambda one, other: contradict(self._made(one), self._made(other)))
        for series, said in enumerate(self._gathering.series(self._places)):
            header = self._headers[self._header_of[series]]
            if header.told is Trust.LISTED:
                held: Sequence[holdings.Held] = holdings.as_written(said)
            else:
                held = holdings.settle(said, words, sessions=header.told is Trust.AUTHENTICATED)
            self._spans.append(held, self._clocks[self._header_of[series]].shift)
        self._gathering = Gathering()
        self._index_devices()

    def _made(self, fact: int) -> Facts:
        return Facts(*self._facts[fact])

    def _index_devices(self) -> None:
        """Let what says more of a device than its name be found by each of its names."""
        numbers = self._device_numbers
        names: list[tuple[int, ...]] = [
            tuple(numbers.setdefault(name, len(numbers)) for name in names_of(facts)) if facts.is_of_person else ()
            for facts in (Facts(*fields) for fields in self._facts)
        ]
        self._sole = array("q", [_NOTHING]) * len(numbers)
        self._devices = ByKey(self._spans, names, len(numbers))
        for span, fact in enumerate(self._spans.facts):
            for number in names[fact]:
                weight, known = self._weight(span), self._sole[number]
                if known != weight:
                    self._sole[number] = weight if known == _NOTHING else _SEVERAL

    def _weight(self, span: int) -> int:
        """Put what an interval says, and how far that is believed, into one number."""
        return self._spans.facts[span] << _TRUST_BITS | self.header(span).trust

    def of_address(self, asked: Asked, first: int, last: int) -> list[Found]:
        """Find what is said of an address, and of the networks around it.

        Raises:
            TooMany: if too much is.
        """
        series: Iterable[int] = self._addresses.get(asked.ip.packed, ())
        if self._networks:
            series = [*series, *self._around(asked.ip)]
        found: list[Found] = []
        for each in series:
            number = self._header_of[each]
            header = self._headers[number]
            if header.vlan is not None and header.vlan not in asked.vlan:
                continue
            if header.vantage is not None and header.vantage != asked.vantage:
                continue
            margin = self._clocks[number].margin
            found += [Found(span) for span in self._spans.overlapping(each, first - margin, last + margin)]
        return found

    def _around(self, ip: Address) -> Iterator[int]:
        version, number = (4, int(ip)) if isinstance(ip, IPv4Address) else (6, int(ip))
        for (kind, prefix), level in self._networks.items():
            if kind == version:
                behind = ip.max_prefixlen - prefix
                yield from level.get(number >> behind << behind, ())

    def of_devices(self, own: Sequence[Found], asked: Asked, first: int, last: int) -> list[Found]:
        """Find what is said, anywhere, of the devices by which an address may have been held.

        Raises:
            TooMany: if too much is.
        """
        known = {each.span for each in own}
        names: dict[str, None] = {}
        sure: set[int] = set()
        for span in known:
            fact = self._spans.facts[span]
            names.update(dict.fromkeys(names_of(self._made(fact))))
            edges = self.edges(span)
            if edges.sure_first <= first and last < edges.sure_end:
                sure.add(self._weight(span))
        joined: list[Found] = []
        for name in names:
            number = self._device_numbers.get(name)
            if number is None or self._sole[number] in sure:  # nothing is said that the address's own does not say
                continue
            spans = self._devices.overlapping(number, first - self._widest, last + self._widest)
            joined += [Found(s, name) for s in spans if s not in known and self._reaches(self.header(s), asked)]
        return joined

    @staticmethod
    def _reaches(header: Header, asked: Asked) -> bool:
        """Whether what is said of a device counts where the question is asked.

        A MAC is one device's, so frames without a VLAN do not rule a statement out that has one.
        """
        is_there = header.vlan is None or not asked.vlan or header.vlan in asked.vlan
        return is_there and header.vantage in {None, asked.vantage}

    def header(self, span: int) -> Header:
        """Return what an interval shares with its series."""
        return self._headers[self._header_of[self._spans.series_of(span)]]

    def clock(self, span: int) -> Clock:
        """Return the clock by which an interval was written down."""
        return self._clocks[self._header_of[self._spans.series_of(span)]]

    def facts(self, span: int) -> Facts:
        """Return what an interval says of its holder."""
        return self._made(self._spans.facts[span])

    def places(self, span: int) -> tuple[int, ...]:
        """Return where an interval's first and last statements stand."""
        return self._spans.places(span)

    def edges(self, span: int) -> Edges:
        """Return from when to when an interval holds."""
        start, end = self._spans.starts[span], self._spans.ends[span]
        margin = self.clock(span).margin
        latest = OPEN if end == OPEN else end + margin
        sure_end = OPEN if end == OPEN else end - margin
        if self._spans.supposed[span]:
            return Edges(start - margin, start, start, latest)
        return Edges(start - margin, start + margin, sure_end, latest)
