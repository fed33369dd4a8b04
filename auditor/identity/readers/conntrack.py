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
    rb"[^=]*(src=\S{1,64} dst=\S{1,64} sport=[0-9]{1,5} dport=[0-9]{1,5})\s"
    rb".*?(src=\S{1,64} dst=\S{1,64} sport=[0-9]{1,5} dport=[0-9]{1,5})( .*|)$"
)
_OTHER = re.compile(
    rb"\[[0-9.]+\]\s+\[(?:NEW|UPDATE|DESTROY)\]\s+(?:ipv[46]\s+[0-9]+\s+)?(?!tcp |udp )[a-z0-9-]+\s+[0-9]{1,3}\s"
)
"""An event of a protocol that has no ports."""
_BARE = re.compile(rb"\s*\[(?:NEW|UPDATE|DESTROY)\]")
_ID, _AGE = b" id=", b" delta-time="
MAX_EVENT = 1024
"""Of a line, in bytes; real ones have 400."""
_MICROSECOND = 1000
_DIGITS = 10
_MAX_PORT = 65535
_LOST = b"ENOBUFS"


class _Mapped(NamedTuple):
    """An endpoint that is translated."""

    inside: tuple[Address, int]
    public: tuple[Address, int]
    remote: tuple[Address, int]


class _Flow(NamedTuple):
    """A flow whose end was not seen yet."""

    start: int
    line: int
    transport: Literal["tcp", "udp"]
    original: bytes
    """Its ends, as they were written."""
    mapped: tuple[_Mapped, ...]


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
        stamp, event, transport, original, reply, rest = found.groups()
        key = _number(rest, _ID) or transport + original
        known = self._open.get(key)
        flow = known if known is not None and known.original == original else None
        try:
            time = fractional_epoch(stamp)
            if flow is None:
                mapped = _mapped(original, reply)
                flow = _Flow(time, number, "tcp" if transport == b"tcp" else "udp", original, mapped)
        except ValueError as problem:
            return (Refused(number, str(problem)),)
        self._newest = max(self._newest, time)
        if known is None or known is flow:
            return self._take(key, flow, event, time, rest)
        del self._open[key]  # the number was free again: the end was missed
        return [*self._tell(known, time), *self._take(key, flow, event, time, rest)]

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
            if flow.line < self._line:
                return ()
            self._open[key] = flow
            if len(self._open) <= MAX_OPEN:
                return ()
            self._let_go += 1
            return self._so_far(self._open.popitem(last=False)[1], time)
        self._open.pop(key, None)
        age = _number(rest, _AGE)
        if age and (began := time - int(age) * NANOSECONDS) < flow.start:
            flow = flow._replace(start=max(0, began))
        return self._tell(flow, time)

    def _so_far(self, flow: _Flow, time: int) -> Sequence[Told]:
        """Tell of a flow that stood at ``time``, and may stand on."""
        idle = IDLE[flow.transport] if self._reading.idle is None else self._reading.idle
        return [*self._tell(flow, time), *self._tell(flow._replace(start=time), time + idle, supposed=True)]

    def _tell(self, flow: _Flow, end: int, *, supposed: bool = False) -> Sequence[Told]:
        """Say what was translated."""
        line, vantage = self._reading.at(flow.line), self._reading.vantage
        end = max(end, flow.start + _MICROSECOND)  # what lasts no time would be an end alone
        return [
            Translation(flow.start, end, line, flow.transport, *mapped, vantage, supposed) for mapped in flow.mapped
        ]


def _number(rest: bytes, title: bytes) -> bytes:
    """Return a number of at most ten digits that is told behind the tuples, or nothing."""
    at = rest.find(title)
    number = rest[at + len(title) :].partition(b" ")[0] if at >= 0 else b""
    return number if number.isdigit() and len(number) <= _DIGITS else b""


def _mapped(original: bytes, reply: bytes) -> tuple[_Mapped, ...]:
    """Return what is translated: nothing, one end, or (a host that reaches another by the public address) both."""
    orig, resp = _ends(original)
    back_resp, back_orig = _ends(reply)
    masked = (_Mapped(orig, back_orig, back_resp),) if back_orig != orig else ()
    return (*masked, _Mapped(back_resp, resp, orig)) if back_resp != resp else masked


def _ends(text: bytes) -> tuple[tuple[Address, int], tuple[Address, int]]:
    """Read ``src=10.30.0.71 dst=198.51.100.1 sport=54420 dport=6881``."""
    source, destination, sport, dport = text.split(b" ")
    ports = int(sport[6:]), int(dport[6:])
    if max(ports) > _MAX_PORT:
        raise ValueError("a port is beyond 65535")
    return (address(source[4:]), ports[0]), (address(destination[4:]), ports[1])


def _unread(number: int, line: bytes) -> Sequence[Told]:
    """Refuse what is no event; what another protocol did is none of ours."""
    if not line.strip() or _OTHER.match(line):
        return ()
    if _LOST in line:
        return (Refused(number, "conntrack says here that it lost events"),)
    if _BARE.match(line):
        return (Refused(number, "the event has no time: run conntrack with -o timestamp,id"),)
    return (Refused(number, "this is no event of conntrack -E -o timestamp,id"),)
