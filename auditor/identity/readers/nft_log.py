"""Reads the rows that nftables' ``log`` and iptables' ``LOG`` leave in syslog.

    Nov 22 12:52:18 gw kernel: [ 4711.5] nat-before: IN=lan OUT=wan MAC=… SRC=10.30.0.71 DST=198.51.100.1 LEN=60
        TOS=0x00 PREC=0x00 TTL=63 ID=54321 DF PROTO=TCP SPT=51413 DPT=6881 WINDOW=64240 RES=0x00 SYN URGP=0
    Nov 22 12:52:18 gw kernel: [ 4711.5] nat-after: IN= OUT=wan SRC=203.0.113.7 DST=198.51.100.1 … ID=54321 …

(two lines). A row has the packet as it is at that hook, so that one alone maps no port. Where two rules log the same
packet, one before and one after it is translated, with two prefixes that the source declares, rows of one packet are
found by what no translation changes: the IP identification, the lengths, the rest of the header, and one of the two
ends. Rows that may be of several packets map nothing.

iptables has no hook behind its translation: the second rule is one of nftables, in a ``postrouting`` chain with a
priority above 100 (for port forwardings: the first in ``prerouting`` below -100, the second in ``forward``).
Connection tracking's events (``conntrack``) say all this without guessing, and when it ended.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.identity.readers.fields import address
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.identity.readers.stamps import MONTHS, on_clock, rfc3339
from auditor.model.identity import Translation
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.times import Span
    from auditor.model.flow import Address

MAX_WAITING = 1 << 16
"""Rows from before the translation that wait for theirs from behind it."""
IDLE: dict[str, int] = {"tcp": 7440 * NANOSECONDS, "udp": 300 * NANOSECONDS}
"""How long a translation may stand after a packet, where the source declares nothing: 2 hours and 4 minutes (RFC 5382
REQ-5), 5 minutes (RFC 4787 REQ-5)."""
MAX_ROW = 4096
"""Of a line, in bytes; rsyslog takes 8 KiB, the kernel writes 1 KiB at most."""
_APART = 1 * NANOSECONDS
"""Between the two rows of one packet: they are written within microseconds, and may fall into two seconds."""
_MAX_ALIKE = 16
"""Rows of one second that nothing tells apart; more change nothing: the translated row may be of any."""
_DAY = 86_400 * NANOSECONDS
_MAX_PORT = 65535

_ROW = re.compile(
    rb"(?<![^ ])IN=\S{0,32} OUT=\S{0,32} (?:[A-Z]+=\S* )*?SRC=(\S{1,64}) DST=(\S{1,64}) LEN=([0-9]{1,5}) (.*?)"
    rb"PROTO=(TCP|UDP) SPT=([0-9]{1,5}) DPT=([0-9]{1,5})( .*|)$"
)
_HEAD = re.compile(
    rb"(?:<[0-9]{1,3}>)?"
    rb"((?:[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9:]{8})"
    rb"|(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,]{8,20}(?:Z|[+-][0-9:]{4,5})?))"
    rb" \S{1,255} (?:kernel(?:\[[0-9]+\])?: *)?(?:\[ *[0-9.]+\] ?)?(.*)$"
)
"""A time as RFC 3164 or RFC 3339 has it, the host, the program, seconds since the machine was started, the prefix."""
_IDENTIFICATION = re.compile(rb"(?:ID|FLOWLBL)=([0-9]{1,7})\b")
_MARKS = re.compile(rb" (?:MARK|UID|GID)=\S+")
"""What rules put on a packet, and may change between the two rows."""


class _Row(NamedTuple):
    """A packet at one hook."""

    line: int
    time: Span
    source: tuple[Address, int]
    destination: tuple[Address, int]


class NftLog:
    """Keeps the rows of the last seconds from before a translation, and tells of each pair."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._before, self._after = (part.encode() for part in reading.prefixes) if reading.prefixes else (b"", b"")
        self._waiting: OrderedDict[int, tuple[bytes, _Row]] = OrderedDict()
        """By line, with what tells the packet."""
        self._by_packet: dict[bytes, list[_Row]] = {}
        self._prefixes = {self._before, self._after}
        self._stamp, self._moment = b"", (0, 0)
        """The last time, and what it was."""
        self._line = 0
        self._alone = self._unsure = self._unpaired = 0

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one row."""
        self._line = number
        row = _ROW.search(line)
        if row is None:
            return ()  # of another protocol, or of another program
        if not self._before:
            self._alone += 1
            return ()
        head = _HEAD.match(line, 0, row.start())
        if head is not None and head[2].strip() not in self._prefixes:
            return ()  # of another rule
        try:
            return self._row(number, head, row)
        except ValueError as problem:
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Say how many rows mapped nothing."""
        told: list[Told] = []
        if self._alone:
            reason = (
                f"{self._alone} rows map no port: each has a packet before or after it is translated, not both; "
                "declare the two prefixes, or take conntrack's events"
            )
            told.append(Refused(self._line, reason))
        if self._unpaired:
            told.append(
                Refused(self._line, f"{self._unpaired} translated rows have no row of their packet before it was")
            )
        if self._unsure:
            told.append(
                Refused(self._line, f"{self._unsure} translated rows may be of several packets and map nothing")
            )
        return told

    def _row(self, number: int, head: re.Match[bytes] | None, found: re.Match[bytes]) -> Sequence[Told]:
        """Read a row of one of the two rules, or raise ``ValueError``."""
        if head is None:
            raise ValueError("the row has no time of day that is known here")
        source, destination, length, middle, protocol, sport, dport, tail = found.groups()
        row = _Row(number, self._time(head[1]), _end(source, sport), _end(destination, dport))
        identification = _IDENTIFICATION.search(middle)
        mark = identification[1] if identification else b"0"
        if b" MARK=" in tail or b" UID=" in tail:
            tail = _MARKS.sub(b"", tail)
        packet = b" ".join((protocol, length, mark, tail.strip()))
        if head[2].strip() == self._before:
            self._wait(packet, row)
            return ()
        return self._pair(packet, row, "tcp" if protocol == b"TCP" else "udp", is_marked=mark.strip(b"0") != b"")

    def _time(self, stamp: bytes) -> Span:
        """Return when a row was written; raise ``ValueError`` where that is not known."""
        if stamp != self._stamp:
            self._moment = self._read(stamp.decode("ascii"))
            self._stamp = stamp  # many rows have the same
            self._forget(self._moment[0])
        return self._moment

    def _read(self, stamp: str) -> Span:
        zone = self._reading.zone
        if stamp[:1].isdigit():
            return rfc3339(stamp, zone)
        month, day, clock = MONTHS.get(stamp[:3]), int(stamp[4:-9]), stamp[-8:]
        if month is None:
            raise ValueError("there is no such month")
        year = self._reading.year
        if year is None:
            raise ValueError("the time has no year: declare the year of the file's last line")
        taken = self._reading.taken
        if (month, day) != (2, 29):
            time = on_clock(year, month, day, clock, zone)
            if taken is None or time[0] <= taken + _DAY:
                return time
        elif taken is None or year % 4 == 0:
            return on_clock(year, month, day, clock, zone)
        return on_clock(year - 1, month, day, clock, zone)  # a line from before the turn of the year

    def _wait(self, packet: bytes, row: _Row) -> None:
        alike = self._by_packet.setdefault(packet, [])
        if len(alike) < _MAX_ALIKE:
            self._waiting[row.line] = packet, row
            alike.append(row)
        while len(self._waiting) > MAX_WAITING:
            self._drop()

    def _forget(self, now: int) -> None:
        """Let go of rows whose other row would have come."""
        while self._waiting:
            _, row = self._waiting[next(iter(self._waiting))]
            if row.time[1] + 2 * _APART >= now:
                return
            self._drop()

    def _drop(self) -> None:
        _, (packet, row) = self._waiting.popitem(last=False)
        self._remove(packet, row)

    def _remove(self, packet: bytes, row: _Row) -> None:
        rows = self._by_packet[packet]
        if len(rows) == 1:
            del self._by_packet[packet]
        else:
            rows.remove(row)

    def _pair(self, packet: bytes, after: _Row, transport: Literal["tcp", "udp"], *, is_marked: bool) -> Sequence[Told]:
        """Tell of a translated row with the one row of its packet from before."""
        alike = self._by_packet.get(packet, ())
        found = [row for row in alike if _is_near(row, after) and _may_be(row, after, is_marked=is_marked)]
        if not found:
            self._unpaired += 1
            return ()
        if len(found) > 1 and (len(alike) == _MAX_ALIKE or len({row[2:] for row in found}) > 1):
            self._unsure += 1
            return ()
        before = found[0]
        del self._waiting[before.line]
        self._remove(packet, before)
        if before.source != after.source:
            inside, public, remote = before.source, after.source, after.destination
        elif before.destination != after.destination:
            inside, public, remote = after.destination, before.destination, before.source
        else:
            return ()  # not translated
        start, end = min(before.time[0], after.time[0]), max(before.time[1], after.time[1]) + NANOSECONDS
        until = end + (IDLE[transport] if self._reading.idle is None else self._reading.idle)
        line, vantage = self._reading.at(after.line), self._reading.vantage
        if after.time[0] < after.time[1]:  # a local time that came twice
            return (Translation(start, until, line, transport, inside, public, remote, vantage, supposed=True),)
        return (
            Translation(start, end, line, transport, inside, public, remote, vantage),
            Translation(end, until, line, transport, inside, public, remote, vantage, supposed=True),
        )


def _is_near(row: _Row, other: _Row) -> bool:
    return row.time[0] - _APART <= other.time[1] and other.time[0] - _APART <= row.time[1]


def _may_be(before: _Row, after: _Row, *, is_marked: bool) -> bool:
    """Whether two rows can be of one packet: one end is the same, and the other's port too if nothing else tells it.

    Linux leaves the identification of datagrams that may not be fragmented at 0 (RFC 6864 section 4.1).
    """
    if before.destination == after.destination:
        return is_marked or before.source[1] == after.source[1]
    return before.source == after.source and (is_marked or before.destination[1] == after.destination[1])


def _end(ip: bytes, port: bytes) -> tuple[Address, int]:
    number = int(port)
    if number > _MAX_PORT:
        raise ValueError("a port is beyond 65535")
    return address(ip), number
