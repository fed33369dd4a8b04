"""Snapshots of neighbour tables (ARP and NDP), as ``ip -j neigh`` prints them.

::

    1795355581                                                                                    optional: the time
    [{"dst":"10.30.0.71","dev":"eth0","lladdr":"52:54:00:12:34:56","state":["REACHABLE"]}, …]     a snapshot

One file may hold any number of snapshots. ``ip`` writes no time; what stands before a snapshot, on a line of its own
or on the same one, is taken as such: seconds since the epoch (``date +%s; ip -j neigh``), or a date and time (``date
-Is``), in :attr:`Reading.zone` where it names none. Without it the snapshot was taken when the file was written last
(:attr:`Reading.taken`, its modification time), and of several the last counts. ``ip -j -p`` spreads entries over lines.

An entry counts where the kernel heard of the neighbour: ``FAILED`` and ``INCOMPLETE`` mean that nobody answered,
``NOARP`` that nobody was asked. Between snapshots that all show a neighbour with the same MAC it was there; from the
last of them to the first that shows it no longer, or from then on, that is supposed.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import fractional_epoch, local
from auditor.model.identity import Trust
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.identity.readers.reader import Reading, Told
    from auditor.identity.readers.times import Span
    from auditor.model.flow import Address
    from auditor.model.identity import Tenancy

MAX_SNAPSHOT = 4 << 20
"""Bytes of a snapshot, which ``ip`` prints on one line: some 40,000 neighbours."""
_MAX_NEIGHBOURS = 1 << 16
_MAX_ENTRY = 16 << 10
_BETWEEN = frozenset({b"{", b"}", b"},", b"},{", b"}, {"})
_ENDS = frozenset({b"]", b"}]", b"} ]"})
_PART = b'"{}]'
"""What the lines begin with over which entries are spread."""
_KNOWN = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"})
_LONGEST_NAME = 64

_Key = tuple[bytes, bytes, bytes]
"""Address, interface and MAC, as they are written."""


class _Seen(NamedTuple):
    """When a neighbour was there."""

    line: int
    ip: Address
    mac: str
    since: int
    first: int
    """Since then or, where its local time has two readings, since before."""
    last: int


class Neighbours:
    """Reads snapshots of neighbour tables."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._time: Span | None = None
        """Of the snapshot that comes or is being read."""
        self._is_used = False
        """A snapshot has that time already."""
        self._there: dict[_Key, _Seen] = {}
        """Who was in the snapshot before, and in the one being read has not been found yet."""
        self._now: dict[_Key, _Seen] = {}
        self._entry: list[bytes] = []
        """Lines of an entry that is not whole yet."""
        self._entry_bytes = 0
        self._is_spread = False

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a snapshot, a part of one, or a time."""
        text = line.strip()
        if not text:
            return ()
        told: list[Told] = []
        if self._is_spread and text[0] not in _PART:
            told.append(Refused(number - 1, "the snapshot breaks off"))
            self._break_off()
        try:
            told.extend(self._part(number, text) if self._is_spread else self._whole(number, text))
        except ValueError as problem:
            self._break_off()
            told.append(Refused(number, str(problem)))
        return told

    def rest(self) -> Sequence[Told]:
        """Return who was in the last snapshot that is whole."""
        there = self._there | self._now
        return [each for seen in there.values() for each in self._held(seen, None)]

    def _whole(self, number: int, text: bytes) -> Iterator[Told]:
        """Read a line that is no part of an entry."""
        at = text.find(b"[")
        if at:
            self._begin(text[:at].strip() if at > 0 else text)
        if at < 0:
            return
        self._open()
        if text.endswith(b"]"):
            for entry in _array(text[at:]):
                yield from self._neighbour(number, entry)
            yield from self._end()
        else:
            self._is_spread = True
            yield from self._part(number, text[at + 1 :].strip())

    def _break_off(self) -> None:
        self._is_spread = False
        self._entry, self._entry_bytes = [], 0

    def _begin(self, text: bytes) -> None:
        """Read a time."""
        self._time = None
        self._time = _moment(text, self._reading)
        self._is_used = False

    def _open(self) -> None:
        """Begin a snapshot."""
        self._there.update(self._now)  # of a snapshot that broke off
        self._now = {}
        if self._time is None or self._is_used:
            taken = self._reading.taken
            if taken is None:
                raise ValueError("the snapshot has no time, and when the file was written is not known")
            self._time = taken, taken
        self._is_used = True

    def _part(self, number: int, text: bytes) -> Iterator[Told]:
        """Read a line of a snapshot that is spread over lines: ``[ {``, ``"dst": …,``, ``},{``, ``} ]``."""
        if text.startswith(b"}"):
            entry = _object(b"{" + b"".join(self._entry) + b"}")
            self._entry, self._entry_bytes = [], 0
            yield from self._neighbour(number, entry)
        elif text.startswith(b'"'):
            self._entry_bytes += len(text)
            if self._entry_bytes > _MAX_ENTRY:
                raise ValueError("an entry of the snapshot has no end")
            self._entry.append(text)
            return
        if text in _ENDS:
            self._is_spread = False
            yield from self._end()
        elif text not in _BETWEEN:
            raise ValueError("the snapshot breaks off")

    def _neighbour(self, number: int, entry: object) -> Iterator[Told]:
        """Read one entry."""
        if not isinstance(entry, dict) or self._time is None:
            yield Refused(number, "the snapshot has an entry that is no neighbour")
            return
        states = entry.get("state")
        if not isinstance(states, list) or _KNOWN.isdisjoint(each for each in states if isinstance(each, str)):
            return
        key = _text(entry, "dst"), _text(entry, "dev"), _text(entry, "lladdr")
        earliest, latest = self._time
        before = self._there.pop(key, None)
        if before is not None:
            line, ip, mac, since, first, last = before
            self._now[key] = _Seen(line, ip, mac, since, first, max(last, earliest))
        elif len(self._now) >= _MAX_NEIGHBOURS:
            yield Refused(number, f"the snapshot has more than {_MAX_NEIGHBOURS} neighbours")
        elif key not in self._now:
            try:
                ip, mac = fields.address(key[0]), fields.mac(key[2])
            except ValueError as problem:
                yield Refused(number, str(problem))
            else:
                self._now[key] = _Seen(number, ip, mac, earliest, latest, latest)

    def _end(self) -> Sequence[Told]:
        """End a snapshot: whoever is not in it any more is gone."""
        until = self._time[1] if self._time else None
        told = [each for seen in self._there.values() for each in self._held(seen, until)]
        self._there = self._now
        return told

    def _held(self, seen: _Seen, until: int | None) -> Iterator[Tenancy]:
        """State how long a neighbour was there: for sure between snapshots that show it, and supposed around them."""
        line, ip, mac, since, first, last = seen
        tenancy = self._reading.tenancy
        if first < last:
            yield tenancy(line, first, last, ip, mac, trust=Trust.NEIGHBOUR)
        if since < first:
            yield tenancy(line, since, first, ip, mac, trust=Trust.NEIGHBOUR, supposed=True)
        if until is None or last < until:
            yield tenancy(line, last, until, ip, mac, trust=Trust.NEIGHBOUR, supposed=True)


def _array(text: bytes) -> list[Any]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the line is no JSON array") from None
    if not isinstance(entries, list):
        raise ValueError("the line is no JSON array")  # noqa: TRY004  of the line, not of a caller
    return entries


def _object(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("an entry of the snapshot is no JSON object") from None


def _text(entry: dict[str, Any], name: str) -> bytes:
    value = entry.get(name)
    return value[:_LONGEST_NAME].encode("utf-8", "replace") if isinstance(value, str) else b""


def _moment(text: bytes, reading: Reading) -> Span:
    """Read a time in seconds since the epoch, or as a date and time with its zone or without."""
    if text.replace(b".", b"", 1).isdigit():
        moment = fractional_epoch(text)
        return moment, moment
    try:
        clock = datetime.fromisoformat(text[:_LONGEST_NAME].decode("ascii"))
        if clock.tzinfo is None:
            span = local(clock.date(), 3600 * clock.hour + 60 * clock.minute + clock.second, reading.zone)
        else:
            span = (int(clock.timestamp()) * NANOSECONDS,) * 2
    except (ValueError, OverflowError):
        span = -1, -1
    if span[0] < 0:
        raise ValueError("the line is neither a snapshot nor a time")
    return span
