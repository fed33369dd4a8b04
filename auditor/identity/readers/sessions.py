"""The sessions of a RADIUS accounting log: what each record adds, and what a session comes to.

What two records of one session agree on is sure between them. An address is the session's (RFC 2866), so that one
which first comes in a later record was held from the beginning; but a server that only learns it from the device's
traffic may have missed another one before, so that this has the trust of a neighbour table: whoever was told of that
time goes before it. A session whose ``Stop`` never came most likely ended within the idle bound: that is supposed,
not said.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.model.identity import Tenancy, Trust
from auditor.model.moment import HOUR, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.identity.readers.reader import Reading
    from auditor.identity.readers.times import Span
    from auditor.model.flow import Address

    Held = Address | IPv4Network | IPv6Network

MAX_OPEN = 1 << 16
"""Sessions without an end that are kept; above it the one that was opened first is let go."""
MAX_ENDED = 1 << 15
"""Ended sessions that late records are still held against."""
IDLE = 24 * HOUR
"""How long a session may last after its last record, where the source declares nothing."""
_MAX_HELD = 32
"""Addresses of one session."""
_MAX_ATTRIBUTES = 64


class Event(NamedTuple):
    """One accounting record."""

    line: int
    status: Literal["start", "update", "stop", "on", "off"]
    time: Span
    nas: str
    """The server that the user logged in at."""
    keys: tuple[str, ...] = ()
    """What tells the session from others of that server: any of them will do."""
    lasted: int | None = None
    """``Acct-Session-Time``, in nanoseconds."""
    user: str | None = None
    mac: str | None = None
    vlan: int | None = None
    held: tuple[Held, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


class _Hold:
    """One address of a session."""

    __slots__ = ("first", "last", "since", "until")

    def __init__(self, since: int | None, first: int) -> None:
        self.since = since
        """When the last record came that told another; ``None`` where there was none before it."""
        self.first = first
        self.last = first
        self.until: int | None = None
        """When another was told instead."""


class _Session:
    """One session as far as records came."""

    __slots__ = ("attributes", "held", "is_vague", "keys", "line", "mac", "nas", "seen", "start", "user", "vlan")

    def __init__(self, event: Event) -> None:
        self.line = event.line
        self.nas = event.nas
        self.keys = event.keys
        self.start = begin(event)
        self.seen = event.time[1]
        self.is_vague = event.time[0] < event.time[1]
        """A time of it may be either of two: nothing is sure then."""
        self.user = event.user
        self.mac = event.mac
        self.vlan = event.vlan
        self.attributes = event.attributes
        self.held: dict[Held, _Hold] = {}
        self._hold(event, self.start)

    def is_other(self, event: Event) -> bool:
        """Whether a record speaks of another person, device or VLAN."""
        if self.user and event.user and self.user.casefold() != event.user.casefold():
            return True
        return any(
            mine is not None and theirs is not None and mine != theirs
            for mine, theirs in ((self.mac, event.mac), (self.vlan, event.vlan))
        )

    def add(self, event: Event) -> None:
        """Take in a record of the session, in whatever order they come."""
        before, self.start = self.seen, min(self.start, begin(event))
        self._hold(event, before)
        self.seen = max(self.seen, event.time[1])
        self.is_vague = self.is_vague or event.time[0] < event.time[1]
        self.user, self.mac = self.user or event.user, self.mac or event.mac
        self.vlan = event.vlan if self.vlan is None else self.vlan
        if event.attributes != self.attributes:
            self.attributes = tuple({**dict(self.attributes), **dict(event.attributes)}.items())[:_MAX_ATTRIBUTES]

    def _hold(self, event: Event, before: int) -> None:
        """Note the addresses that a record tells; ``before`` is the time of the newest one before it."""
        earliest, latest = event.time
        is_late = latest < self.seen
        kinds = {type(address) for address in self.held}
        for address in event.held:
            hold = self.held.get(address)
            if hold is not None:
                hold.first, hold.last = min(hold.first, earliest), max(hold.last, latest)
                hold.until = hold.until if is_late else None
            elif len(self.held) < _MAX_HELD:
                is_first = type(address) not in kinds
                hold = self.held[address] = _Hold(None if is_first else min(before, earliest), earliest)
                hold.last = latest
                hold.until = self.seen if is_late and not is_first else None
        if is_late:
            return
        told = {type(address) for address in event.held}
        for address, hold in self.held.items():
            if hold.until is None and address not in event.held and type(address) in told:
                hold.until = earliest

    def tell(self, reading: Reading, sure: int, end: int) -> Iterator[Tenancy]:
        """State what is sure up to one moment, and what is supposed up to another."""
        sure = max(sure, self.start + NANOSECONDS)  # a record tells of its second
        end = max(sure, end)
        common = Tenancy(
            self.start,
            sure,
            Trust.AUTHENTICATED,
            reading.at(self.line),
            mac=self.mac,
            vlan=reading.vlan if self.vlan is None else self.vlan,
            vantage=reading.vantage,
            user=self.user,
            attributes=self.attributes,
            supposed=self.is_vague,
        )
        if self.mac is not None and not any(hold.first <= self.start for hold in self.held.values()):
            yield common
            if sure < end:
                yield _suppose(common, sure, end)
        for held, hold in self.held.items():
            one = (
                common._replace(network=held)
                if isinstance(held, IPv4Network | IPv6Network)
                else common._replace(ip=held)
            )
            until = end if hold.until is None else min(end, hold.until)
            last = sure if hold.until is None else min(until, hold.last + NANOSECONDS)
            first = max(self.start, min(hold.first, last - NANOSECONDS))  # a Stop tells of the second before it
            if hold.since is None and self.start < first:
                yield one._replace(end=first, trust=Trust.NEIGHBOUR)
            elif hold.since is not None and hold.since < first:
                yield _suppose(one, hold.since, first)
            if first < last:
                yield one._replace(start=first, end=last)
            if max(last, first) < until:
                yield _suppose(one, max(last, first), until)

    def copy(self) -> _Session:
        """Return another that may go on by itself."""
        other = copy(self)
        other.held = {address: copy(hold) for address, hold in self.held.items()}
        return other


class Sessions:
    """The sessions that have not ended, by every key of theirs."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._idle = IDLE if reading.idle is None else reading.idle
        self._by_key: dict[tuple[str, str], _Session] = {}
        self._by_nas: dict[str, dict[int, _Session]] = {}
        self._open: OrderedDict[int, _Session] = OrderedDict()
        """In the order in which they were opened."""
        self._ended: OrderedDict[tuple[str, str], int] = OrderedDict()
        """When they ended."""
        self.let_go = 0

    def take(self, event: Event) -> Iterator[Tenancy]:
        """Take in a record; state what is settled by it."""
        if event.status in {"on", "off"}:
            for one in list(self._by_nas.get(event.nas, {}).values()):
                if one.start <= event.time[1]:
                    sure = event.time[1] if event.status == "off" else one.seen + NANOSECONDS
                    yield from self._end(one, sure, event.time[1])
            return
        session = self._find(event)
        ended = max((self._ended.get((event.nas, key), -1) for key in event.keys), default=-1)
        if session is None and event.time[0] <= ended:
            if event.status != "stop":  # it comes after its session's end
                yield from _Session(event).tell(self._reading, ended, ended)
            return
        if session is not None and _is_over(session, event):
            yield from self._end(session, session.seen + NANOSECONDS, event.time[0])
            session, event = None, event._replace(lasted=None)  # what it lasted is of both
        if session is None:
            session = self._begin(event)
        else:
            self._name(session, event)
            session.add(event)
        if event.status == "stop":
            yield from self._end(session, event.time[1], event.time[1])
        elif len(self._open) > MAX_OPEN:
            self.let_go += 1
            oldest = next(iter(self._open.values()))
            yield from self._end(oldest, oldest.seen + NANOSECONDS, oldest.seen + self._idle)

    def _find(self, event: Event) -> _Session | None:
        """Return the open session that a record is of."""
        found = (self._by_key.get((event.nas, key)) for key in event.keys)
        return next((session for session in found if session is not None), None)

    def rest(self) -> Iterator[Tenancy]:
        """State what the open sessions come to if nothing follows."""
        for session in self._open.values():
            yield from session.tell(self._reading, session.seen + NANOSECONDS, session.seen + self._idle)

    def copy(self) -> Sessions:
        """Return others that may go on by themselves."""
        other = Sessions(self._reading)
        other.let_go, other._ended = self.let_go, self._ended.copy()
        for session in self._open.values():
            other._keep(session.copy())
        return other

    def _begin(self, event: Event) -> _Session:
        session = _Session(event)
        self._keep(session)
        return session

    def _keep(self, session: _Session) -> None:
        self._open[id(session)] = session
        self._by_nas.setdefault(session.nas, {})[id(session)] = session
        for key in session.keys:
            self._by_key[session.nas, key] = session

    def _name(self, session: _Session, event: Event) -> None:
        """Let a session go by a record's keys as well."""
        for key in event.keys:
            if key not in session.keys and len(session.keys) < _MAX_HELD:
                session.keys += (key,)
                self._by_key[session.nas, key] = session

    def _end(self, session: _Session, sure: int, end: int) -> Iterator[Tenancy]:
        """State what an ended session comes to, and forget it."""
        del self._open[id(session)]
        of_nas = self._by_nas[session.nas]
        del of_nas[id(session)]
        if not of_nas:
            del self._by_nas[session.nas]
        for key in session.keys:
            place = (session.nas, key)
            if self._by_key.get(place) is session:
                del self._by_key[place]
            self._ended.pop(place, None)
            self._ended[place] = sure
        while len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        yield from session.tell(self._reading, sure, end)


def _is_over(session: _Session, event: Event) -> bool:
    """Whether a record with a session's keys shows that there is another: the server began to count again."""
    return session.is_other(event) or (event.status == "start" and event.time[0] > session.seen)


def begin(event: Event) -> int:
    """Return when a record's session began at the latest."""
    return max(0, event.time[0] - (event.lasted or 0))


def _suppose(tenancy: Tenancy, start: int, end: int) -> Tenancy:
    """State something that the source does not say."""
    return tenancy._replace(start=start, end=end, supposed=True)
