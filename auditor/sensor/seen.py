"""What DHCP, ARP and neighbour discovery showed of who has which address, kept for as long as somebody may ask.

An audit asks at its end, and knows all of it by then. A sensor asks anew while it goes on, when something new was
seen: soon where it is about a host with an incident, later where it is about others, whose incidents are to come, or
about nothing but clocks. Anybody on the link can make such frames up, so that what is kept has a bound, and hosts with
incidents are the last that are forgotten.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.binding import FOREVER, Known
from auditor.model.capture import CaptureInfo, Sighting
from auditor.model.moment import HOUR, MINUTE, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.model.binding import Binding, Lease
    from auditor.model.binding import Seen as When
    from auditor.model.flow import Address, Tunnel
    from auditor.model.identity import Offset
    from auditor.model.watch import Delta
    from auditor.sensor.clock import Clock

KEPT = 48 * HOUR
"""How long is kept what is over, of hosts without an incident: clocks are measured by it."""
TIDIED = HOUR
"""How far the frames' time moves before what is too old is looked for again."""
MOST = 1 << 16
"""Messages of DHCP that are kept, and as many bindings."""
LEFT = MOST * 3 // 4
"""Of either, what is left where there was no room."""
SOON = 30 * NANOSECONDS
"""How long a host with an incident waits, at the least, for what frames show of it to be asked for."""
LATER = MINUTE
"""How long others wait."""
AGAIN = 10 * MINUTE
"""How long it waits that a device still has its address: what was said last holds for an hour."""
BACK = 10 * MINUTE
"""Time of the frames that goes back so far is no delay: a clock was set right that had been ahead."""
EFFORT = 10
"""A tenth of the time, at most, goes into it."""
EARLIER = ", an earlier run"
"""What is behind the name of where something was seen, if that was before the sensor began: its frames have other
numbers."""
AHEAD = 3 * HOUR
"""How far the time of captures moves, when they are played, before it goes into it all the same: an incident ends six
hours behind it."""

_Device = tuple[str, tuple[int, ...], "Tunnel | None", "Address | None", "str | None", "str | None"]
_Spoken = tuple[str, tuple[int, ...], "Tunnel | None", str, "Address", str]


class Limits(NamedTuple):
    """How much is kept of messages, and of bindings."""

    most: int = MOST
    left: int = LEFT


class Seen:
    """Takes what frames show, by the thread of the loop, and has it built into a directory, by any."""

    def __init__(  # noqa: PLR0917 - each is another's part
        self,
        clock: Clock,
        hosts: Callable[[], AbstractSet[Address]],
        names: Callable[[], Sequence[str]],
        build: Callable[[], None],
        limits: Limits = Limits(),  # noqa: B008 - it cannot change
        earlier: Known = Known(),  # noqa: B008 - nor can it
    ) -> None:
        """``hosts`` have incidents, and are asked for by the thread of the loop; ``names`` are those of the interfaces.

        ``build`` reads the identity sources, and asks for the :meth:`sighting` to put beside them. ``earlier`` is what
        another run of the sensor knew.
        """
        self._clock = clock
        self._hosts = hosts
        self._names = names
        self._build = build
        self._limits = limits
        self._lock = threading.Lock()
        self._leases: list[Lease] = []
        self._bindings: dict[_Spoken, list[Binding]] = {}
        self._kept_bindings = 0
        self._forgotten: Counter[str] = Counter()
        self._tidied: int | None = None
        self._until = 0
        """The frames' time."""
        self._news: set[Address] = set()
        """Addresses of which something new was seen since the last time it was asked for."""
        self._wait: int | None = None
        """How long after that it is to be asked for again; ``None`` where nothing is new."""
        self._asked: int | None = None
        self._asked_until: int | None = None
        self._not_before = 0
        self._earlier: tuple[str, ...] = ()
        self._take_over(earlier)

    # -- by the thread of the loop -------------------------------------------------------------------------------------

    def take(self, delta: Delta) -> None:
        """Keep what is new."""
        with self._lock:
            now = self._until if delta.seen_until is None else delta.seen_until
            if now > self._until or now < self._until - BACK:
                self._until = now
            for lease in delta.leases:
                self._leases.append(lease)
                self._note(lease.ip)
            for binding in delta.bindings:
                self._take(binding)
            if self._news and self._wait != SOON and not self._hosts().isdisjoint(self._news):
                self._wait = SOON
            self._make_room()

    def look_ahead(self, *, is_over: bool) -> None:
        """Have it asked for before the facts beside it are judged: captures that are played can wait for it."""
        if self._wait is None:
            return
        moved = AHEAD if self._asked_until is None else self._until - self._asked_until
        is_due = self._clock.now().steady >= self._not_before and (self._wait != AGAIN or moved >= AGAIN)
        if is_over or is_due or moved >= AHEAD:
            self._have_built()

    # -- by any thread -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Have it asked for where it is time to."""
        wait, now = self._wait, self._clock.now().steady
        if wait is None or now < self._not_before or (self._asked is not None and now < self._asked + wait):
            return
        self._have_built()

    def sighting(self) -> Sighting:
        """Return all that is kept, in the order in which an audit has it."""
        with self._lock:
            self._news.clear()
            self._wait = None
            self._asked, self._asked_until = self._clock.now().steady, self._until
        known = self.known()
        captures = tuple(map(_capture, known.captures))
        return Sighting(captures, (), (), {}, {}, bindings=known.bindings, leases=known.leases)

    def known(self) -> Known:
        """Return all that is kept, for a run of the sensor to come."""
        names = [*self._names(), *self._earlier]
        with self._lock:
            kept, spoken = self._leases[:], [each for found in self._bindings.values() for each in found]
        leases, bindings = tuple(sorted(kept, key=_when)), tuple(sorted(spoken, key=_where))
        frames = [lease.at.frame for lease in leases] + [binding.first.frame for binding in bindings]
        frames += [seen.frame for binding in bindings for seen in (binding.last, *binding.announced)]
        count = max((frame[0] + 1 for frame in frames), default=0)
        return Known(
            tuple(names[n] if n < len(names) else f"interface {n + 1}" for n in range(count)), leases, bindings
        )

    @property
    def sizes(self) -> Mapping[str, int]:
        """How much is kept."""
        return {"seen_leases": len(self._leases), "seen_bindings": self._kept_bindings}

    @property
    def limits_hit(self) -> Mapping[str, int]:
        """How much was forgotten that was to be kept."""
        with self._lock:
            return dict(self._forgotten)

    def _have_built(self) -> None:
        begun = self._clock.now().steady
        self._build()
        ended = self._clock.now().steady
        self._not_before = ended + EFFORT * (ended - begun)

    def _take_over(self, earlier: Known) -> None:
        """Keep what another run knew, under other numbers of where it was seen."""
        if not (earlier.leases or earlier.bindings):
            return
        named = [name.removesuffix(EARLIER) + EARLIER for name in earlier.captures]
        self._earlier = tuple(dict.fromkeys(named))
        first = len(self._names())
        places = [first + self._earlier.index(name) for name in named]

        def moved(seen: When) -> When:
            return seen._replace(frame=(places[seen.frame[0]], seen.frame[1]))

        for lease in earlier.leases:
            self._leases.append(lease._replace(at=moved(lease.at)))
            self._note(lease.ip)
        for binding in earlier.bindings:
            announced = tuple(map(moved, binding.announced))
            self._take(binding._replace(first=moved(binding.first), last=moved(binding.last), announced=announced))

    # -- what is kept --------------------------------------------------------------------------------------------------

    def _note(self, ip: Address | None) -> None:
        if ip is not None:
            self._news.add(ip)
        self._wait = min(self._wait or LATER, LATER)

    def _take(self, binding: Binding) -> None:
        """Keep a binding in place of what was said of it before, if that goes on."""
        if binding.kind not in {"arp", "ndp"}:
            return  # a lease says it
        spoken = (binding.vantage, binding.vlan, binding.tunnel, binding.mac, binding.ip, binding.kind)
        found = self._bindings.setdefault(spoken, [])
        before = found[-1] if found else None
        if before is None or binding.first.time > before.last.time:
            found.append(binding)
            self._kept_bindings += 1
            self._note(binding.ip)
            return
        found[-1] = binding
        if binding.shared != before.shared or binding.announced != before.announced:
            self._note(binding.ip)
        elif self._wait is None:
            self._wait = AGAIN

    def _make_room(self) -> None:
        """Forget what is too old; and where that does not do, what was said longest ago."""
        is_full = len(self._leases) > self._limits.most or self._kept_bindings > self._limits.most
        if self._tidied is not None and abs(self._until - self._tidied) < TIDIED and not is_full:
            return
        self._tidied = self._until
        hosts = self._hosts()
        self._keep_leases(hosts)
        self._keep_bindings(hosts)

    def _keep_leases(self, hosts: AbstractSet[Address]) -> None:
        """Keep those that are young, hold still, or are of hosts with incidents."""
        followed: set[_Device] = set()
        kept: list[tuple[bool, bool, int, Lease]] = []
        for lease in sorted(self._leases, key=_when, reverse=True):
            device = (lease.vantage, lease.vlan, lease.tunnel, lease.ip, lease.mac, lease.duid)
            is_last = device not in followed
            followed.add(device)
            is_asked = lease.ip in hosts
            if is_asked or (_end(lease) if is_last else lease.at.time) >= self._until - KEPT:
                kept.append((is_asked, is_last, lease.at.time, lease))
        if len(kept) > self._limits.most:
            self._forgotten["seen_leases"] += len(kept) - self._limits.left
            kept = sorted(kept, key=_worth, reverse=True)[: self._limits.left]
        self._leases = [lease for *_, lease in kept]

    def _keep_bindings(self, hosts: AbstractSet[Address]) -> None:
        """Keep those that were heard of late, or are of hosts with incidents."""
        kept: list[tuple[bool, bool, int, _Spoken, Binding]] = []
        for spoken, found in self._bindings.items():
            for binding in found:
                is_asked = binding.ip in hosts
                if is_asked or binding.last.time >= self._until - KEPT:
                    kept.append((is_asked, not binding.shared, binding.last.time, spoken, binding))
        if len(kept) > self._limits.most:
            self._forgotten["seen_bindings"] += len(kept) - self._limits.left
            kept = sorted(kept, key=_worth, reverse=True)[: self._limits.left]
        self._bindings = {}
        for *_, spoken, binding in sorted(kept, key=lambda each: each[2]):
            self._bindings.setdefault(spoken, []).append(binding)
        self._kept_bindings = len(kept)


def is_another(before: Offset, now: Offset) -> bool:
    """Whether a clock was found to be off by something else, and not the same by a little more or less."""
    return before.basis != now.basis or abs(before.nanoseconds - now.nanoseconds) > max(before.margin, now.margin)


def _worth(kept: tuple[bool, bool, int, *tuple[object, ...]]) -> tuple[bool, bool, int]:
    return kept[0], kept[1], kept[2]


def _when(lease: Lease) -> tuple[int, tuple[int, int]]:
    return lease.at.time, lease.at.frame


def _where(binding: Binding) -> tuple[str, tuple[int, ...], str, str, tuple[int, bytes], str, int]:
    ip = binding.ip.version, binding.ip.packed
    return binding.vantage, binding.vlan, repr(binding.tunnel), binding.mac, ip, binding.kind, binding.first.time


def _end(lease: Lease) -> int:
    """Return when it ends; one without an end lasts as long as what was said last of it is kept."""
    if lease.event != "granted" or lease.seconds is None:
        return lease.at.time
    return lease.at.time + min(lease.seconds, FOREVER) * NANOSECONDS


def _capture(name: str) -> CaptureInfo:
    return CaptureInfo(name, None, "", 0, 0, None, None, truncated=False, error=None)
