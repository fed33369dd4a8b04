"""Snapshots of neighbour tables (ARP and NDP), as ``ip -j neigh`` prints them.

::

    1795355581                                                                                    optional: the time
    [{"dst":"10.30.0.71","dev":"eth0","lladdr":"52:54:00:12:34:56","state":["REACHABLE"]}, …]     a snapshot

One file may hold any number of snapshots. ``ip`` writes no time; what stands before a snapshot, on a line of its own
or on the same one, is taken as such: seconds since the epoch (``date +%s; ip -j neigh``), or a date and time (``date
-Is``), in :attr:`Reading.zone` where it names none. Without it the snapshot was taken when the file was written last
(:attr:`Reading.taken`, its modification time), and of several the last counts. ``ip -j -p`` spreads entries over lines.

An entry counts where the kernel heard of the neighbour: ``FAILED`` and ``INCOMPLETE`` mean that nobody answered,
``NOARP`` that nobody was asked. A neighbour is held to be there from the first snapshot that shows it with a MAC to the
first that does not.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditor.identity.readers import fields
from auditor.identity.readers.holdings import MAX_HELD, Holdings
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import fractional_epoch, local
from auditor.model.identity import Trust
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.identity.readers.reader import Reading, Told
    from auditor.identity.readers.times import Span
    from auditor.model.flow import Address

MAX_SNAPSHOT = 4 << 20
"""Bytes of a snapshot, which ``ip`` prints on one line: some 40,000 neighbours."""
_MAX_ENTRY = 16 << 10
_KNOWN = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"})
_LONGEST_NAME = 64

_Key = tuple["Address", bytes]


class Neighbours:
    """Reads snapshots of neighbour tables."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._holdings = Holdings()
        self._time: Span | None = None
        """Of the snapshot that comes or is being read."""
        self._is_used = False
        """A snapshot has that time already."""
        self._before: dict[_Key, None] = {}
        """Who was in the snapshot before; in order, so that results are."""
        self._now: dict[_Key, None] = {}
        self._entry: list[bytes] = []
        """Lines of an entry that is not whole yet."""
        self._entry_bytes = 0
        self._is_spread = False

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a snapshot, a part of one, or a time."""
        text = line.strip()
        if not text:
            return ()
        try:
            if self._is_spread:
                return self._part(number, text)
            at = text.find(b"[")
            if at < 0:
                self._begin(text)
                return ()
            if at:
                self._begin(text[:at].strip())
            self._open()
            if not text.endswith(b"]"):
                self._is_spread = True
                return self._part(number, text[at + 1 :].strip())
            told = [each for entry in _array(text[at:]) for each in self._neighbour(number, entry)]
            return (*told, *self._end(number))
        except ValueError as problem:
            self._is_spread = False
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Return who was there last."""
        return self._holdings.rest()

    def _begin(self, text: bytes) -> None:
        """Read a time."""
        self._time = None
        self._time = _moment(text, self._reading)
        self._is_used = False

    def _open(self) -> None:
        """Begin a snapshot."""
        self._now = {}
        if self._time is None or self._is_used:
            taken = self._reading.taken
            if taken is None:
                raise ValueError("the snapshot has no time, and when the file was written is not known")
            self._time = taken, taken
        self._is_used = True

    def _part(self, number: int, text: bytes) -> Sequence[Told]:
        """Read a line of a snapshot that is spread over lines: ``[ {``, ``"dst": …,``, ``},{``, ``} ]``."""
        told: list[Told] = []
        if text.startswith(b"}"):
            entry = b"{" + b"".join(self._entry) + b"}"
            self._entry, self._entry_bytes = [], 0
            told.extend(self._neighbour(number, _object(entry)))
            if text.endswith(b"]"):
                self._is_spread = False
                told.extend(self._end(number))
        elif text == b"]":
            self._is_spread = False
            return self._end(number)
        elif text != b"{":
            self._entry_bytes += len(text)
            if self._entry_bytes > _MAX_ENTRY:
                self._entry, self._entry_bytes = [], 0
                raise ValueError("the entry has no end")
            self._entry.append(text)
        return told

    def _neighbour(self, number: int, entry: object) -> Iterator[Told]:
        """Read one entry."""
        if not isinstance(entry, dict) or self._time is None:
            yield Refused(number, "the snapshot has an entry that is no neighbour")
            return
        states = entry.get("state")
        if not isinstance(states, list) or _KNOWN.isdisjoint(each for each in states if isinstance(each, str)):
            return
        try:
            ip, mac = fields.address(_text(entry, "dst")), fields.mac(_text(entry, "lladdr"))
        except ValueError as problem:
            yield Refused(number, str(problem))
            return
        key = ip, _text(entry, "dev")
        earliest, latest = self._time
        if len(self._now) < MAX_HELD:
            self._now[key] = None
        before = self._holdings.held(key)
        if before is not None and before.mac == mac:
            return
        yield from self._holdings.hold(
            key, self._reading.tenancy(number, earliest, None, ip, mac, trust=Trust.NEIGHBOUR), latest
        )

    def _end(self, number: int) -> Sequence[Told]:
        """End a snapshot: whoever is not in it any more is gone."""
        told: list[Told] = []
        latest = self._time[1] if self._time else 0
        for key in self._before:
            if key not in self._now:
                over = self._reading.tenancy(number, latest, latest, key[0], trust=Trust.NEIGHBOUR)
                told.extend(self._holdings.close(key, over))
        self._before = self._now
        return told


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
        raise ValueError("the entry is no JSON object") from None


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
