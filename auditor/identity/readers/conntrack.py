r"""Reads the events of Linux connection tracking: ``conntrack -E -o timestamp,id``, with ``extended`` or without.

    [1795351938.938811]\t    [NEW] tcp      6 120 SYN_SENT src=10.30.0.71 dst=198.51.100.1 sport=54420 dport=6881
        [UNREPLIED] src=198.51.100.1 dst=203.0.113.7 sport=6881 dport=54420 id=2277964431

(one line). The first tuple is the flow as it began, the second is what an answer looks like. They differ where the
kernel translates: of a flow from inside the answer's destination is the public endpoint, of one that was let in by a
port forwarding the first tuple's destination is. A flow that is not translated says nothing here.

The time is when ``conntrack`` wrote the line, which under load is up to some seconds after the packet. With
``net.netfilter.nf_conntrack_timestamp=1`` a ``DESTROY`` line tells the seconds since the flow began (``delta-time``).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.identity.readers.fields import address
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.identity.readers.times import fractional_epoch
from auditor.model.identity import Translation
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Address

MAX_OPEN = 1 << 17
"""Flows without an end that are kept; above it the one that began first is let go."""
IDLE = {"tcp": 7440 * NANOSECONDS, "udp": 300 * NANOSECONDS}
"""How long a flow may stand after the file's last line, where the source declares nothing: 2 hours and 4 minutes (RFC
5382 REQ-5), 5 minutes (RFC 4787 REQ-5)."""

_EVENT = re.compile(
    rb"\[([0-9.]+)\]\s+\[(NEW|UPDATE|DESTROY)\]\s+(?:ipv[46]\s+[0-9]+\s+)?(tcp|udp)\s+(?:6|17)\s"
    rb"[^=]*src=(\S{1,64}) dst=(\S{1,64}) sport=([0-9]{1,5}) dport=([0-9]{1,5})\s"
    rb".*?src=(\S{1,64}) dst=(\S{1,64}) sport=([0-9]{1,5}) dport=([0-9]{1,5})(?: (.*))?$"
)
_OTHER = re.compile(
    rb"\[[0-9.]+\]\s+\[(?:NEW|UPDATE|DESTROY)\]\s+(?:ipv[46]\s+[0-9]+\s+)?(?!tcp |udp )[a-z0-9-]+\s+[0-9]{1,3}\s"
)
"""An event of a protocol that has no ports."""
_BARE = re.compile(rb"\s*\[(?:NEW|UPDATE|DESTROY)\]")
_ID = re.compile(rb"(?:^| )id=([0-9]+)")
_AGE = re.compile(rb"(?:^| )delta-time=([0-9]{1,9})\b")
MAX_EVENT = 1024
"""Of a line, in bytes; real ones have 400."""
_MICROSECOND = 1000
_MAX_PORT = 65535
_LOST = b"ENOBUFS"


class _Flow(NamedTuple):
    """A flow whose end was not seen yet."""

    start: int
    line: int
    transport: Literal["tcp", "udp"]
    ends: tuple[bytes, ...]
    """Source, destination and their ports, of the flow and of its answer, as they were written."""


class Conntrack:
    """Keeps the flows that have not ended, and tells each translation when it has."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._open: OrderedDict[bytes, _Flow] = OrderedDict()
        self._newest = 0
        self._line = 0
        self._let_go = 0

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one event."""
        self._line = number
        found = _EVENT.match(line)
        if found is None:
            return _unread(number, line)
        stamp, event, transport, *ends, rest = found.groups(b"")
        identity = _ID.search(rest)
        key = identity[1] if identity else b" ".join((transport, *ends[:4]))
        known = self._open.get(key)
        is_same = known is not None and known.ends[:4] == tuple(ends[:4])
        try:
            time = fractional_epoch(stamp)
            if not is_same:
                for place in (0, 4):
                    _end(ends[place], ends[place + 2])
                    _end(ends[place + 1], ends[place + 3])
        except ValueError as problem:
            return (Refused(number, str(problem)),)
        self._newest = max(self._newest, time)
        if known is not None and is_same:
            return self._take(key, known, event, time, rest)
        told: list[Told] = []
        if known is not None:  # the number was free again: the end was missed
            told += self._tell(self._open.pop(key), time)
        flow = _Flow(time, number, "tcp" if transport == b"tcp" else "udp", tuple(ends))
        return [*told, *self._take(key, flow, event, time, rest)]

    def rest(self) -> Sequence[Told]:
        """Tell of the flows that still stood at the last line, and of those that were let go."""
        told: list[Told] = []
        for flow in self._open.values():
            told += self._so_far(flow, self._newest)
        if self._let_go:
            told.append(
                Refused(
                    self._line,
                    f"{self._let_go} flows were let go before their end: more than {MAX_OPEN} stood at once",
                )
            )
        return told

    def _take(self, key: bytes, flow: _Flow, event: bytes, time: int, rest: bytes) -> Sequence[Told]:
        """Keep a flow, or let it end."""
        if event != b"DESTROY":
            self._open[key] = flow
            if len(self._open) <= MAX_OPEN:
                return ()
            self._let_go += 1
            return self._so_far(self._open.popitem(last=False)[1], time)
        self._open.pop(key, None)
        age = _AGE.search(rest)
        if age is not None:
            flow = flow._replace(start=max(0, min(flow.start, time - int(age[1]) * NANOSECONDS)))
        return self._tell(flow, time)

    def _so_far(self, flow: _Flow, time: int) -> Sequence[Told]:
        """Tell of a flow that stood at ``time``, and may stand on."""
        idle = IDLE[flow.transport] if self._reading.idle is None else self._reading.idle
        return [*self._tell(flow, time), *self._tell(flow._replace(start=time), time + idle, supposed=True)]

    def _tell(self, flow: _Flow, end: int, *, supposed: bool = False) -> Sequence[Told]:
        """Say what was translated: nothing, one end, or (a host that reaches another by the public address) both."""
        source, destination, sport, dport, back_source, back_destination, back_sport, back_dport = flow.ends
        masked = (back_destination, back_dport) != (source, sport)
        forwarded = (back_source, back_sport) != (destination, dport)
        if not (masked or forwarded):
            return ()
        orig, resp = _end(source, sport), _end(destination, dport)
        back_orig, back_resp = _end(back_destination, back_dport), _end(back_source, back_sport)
        line, vantage = self._reading.at(flow.line), self._reading.vantage
        end = max(end, flow.start + _MICROSECOND)  # what lasts no time would be an end alone
        told: list[Told] = []
        if masked:
            told.append(
                Translation(flow.start, end, line, flow.transport, orig, back_orig, back_resp, vantage, supposed)
            )
        if forwarded:
            told.append(Translation(flow.start, end, line, flow.transport, back_resp, resp, orig, vantage, supposed))
        return told


def _end(ip: bytes, port: bytes) -> tuple[Address, int]:
    number = int(port)
    if number > _MAX_PORT:
        raise ValueError("a port is beyond 65535")
    return address(ip), number


def _unread(number: int, line: bytes) -> Sequence[Told]:
    """Refuse what is no event; what another protocol did is none of ours."""
    if not line.strip() or _OTHER.match(line):
        return ()
    if _LOST in line:
        return (Refused(number, "conntrack says here that it lost events"),)
    if _BARE.match(line):
        return (Refused(number, "the event has no time: run conntrack with -o timestamp,id"),)
    return (Refused(number, "this is no event of conntrack -E -o timestamp,id"),)
