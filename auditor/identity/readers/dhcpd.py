r"""ISC dhcpd's ``dhcpd.leases`` and ``dhcpd6.leases`` (dhcpd.leases(5)).

::

    lease 10.30.0.70 {                        ia-na "\001\000\000\000\000\001…" {   IAID, then the DUID
      starts 0 2026/11/22 12:53:07;             cltt 0 2026/11/22 12:53:07;
      ends 0 2026/11/22 13:03:07;               iaaddr 2001:db8::31 {
      binding state active;                       binding state active;
      hardware ethernet 52:54:00:12:34:56;        max-life 600;
      client-hostname "alice-laptop";             ends 0 2026/11/22 13:03:07;
    }                                           }
                                              }

Times are UTC, or ``epoch 1795352587; # …``, or ``never``. A block is written whenever something changes. One that is
free again, or was released, tells who had it until when; of a pair with failover, ``backup`` says whose turn it is to
lease the address, and ``starts`` is then when that was agreed: later than ``ends``. An abandoned address is one that
somebody uses without a lease; whose that is, nobody knows.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import LATEST, Calendar, epoch, second_of_day
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.reader import Reading, Told
    from auditor.model.flow import Address

_LEFT_OUT = frozenset({b"authoring-byte-order", b"server-duid"})
"""What stands between blocks and is no lease."""
_OTHERS = frozenset({b"failover", b"host", b"group", b"subgroup", b"class", b"subclass", b"zone", b"key"})
"""Blocks that tell of no address."""
_BLOCKS = frozenset({b"lease", b"ia-na", b"ia-ta", b"ia-pd"})
_OVER = frozenset({b"free", b"released", b"expired", b"reset", b"backup", b"abandoned"})
_NAMES = frozenset({b"ddns-fwd-name", b"ddns-client-fqdn"})
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_NEVER = (LATEST + 1) * NANOSECONDS
_IAID = 4
_MAX_DUID = 130


class _Lease:
    """What a block said so far."""

    __slots__ = ("duid", "ends", "host", "ip", "line", "mac", "starts", "state")

    def __init__(self, line: int, ip: Address, starts: int | None = None, duid: str | None = None) -> None:
        self.line = line
        self.ip = ip
        self.starts = starts
        self.ends: int | None = None
        self.state = b"active"
        """Of a release that wrote none."""
        self.mac: str | None = None
        self.duid = duid
        self.host: str | None = None


class Dhcpd:
    """Reads lease files of ISC dhcpd."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._calendar = Calendar(UTC, _date)
        self._depth = 0
        """Braces that are open."""
        self._begun = 0
        """The line of the outermost."""
        self._skipped = 0
        """The depth from which on nothing is read; 0: all is."""
        self._lease: _Lease | None = None
        self._duid: str | None = None
        self._heard: int | None = None
        """When the device of the IPv6 block spoke last (``cltt``)."""

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one line."""
        text = line.strip()
        if not text or text.startswith(b"#"):
            return ()
        try:
            if text.endswith(b"{"):
                return self._open(number, text[:-1].strip())
            if text == b"}":
                return self._close()
            if not self._skipped:
                self._state(text)
        except ValueError as problem:
            return (Refused(number, self._skip(str(problem))),)
        return ()

    def rest(self) -> Sequence[Told]:
        """Say whether a block is cut off."""
        return self._unfinished()

    def _unfinished(self) -> Sequence[Refused]:
        return (Refused(self._begun, "the block has no end"),) if self._depth else ()

    def _skip(self, problem: str) -> str:
        """Leave out the rest of what is open; return what is said of it."""
        if not self._depth:
            return problem
        self._skipped = self._skipped or self._depth
        self._lease = None
        return f"{problem}: the lease is left out"

    def _open(self, number: int, head: bytes) -> Sequence[Told]:
        """Begin a block. One of the top level, inside another, shows that the other was cut off when it was written."""
        kind, _, name = head.partition(b" ")
        if kind in _BLOCKS:
            told = self._unfinished()
            self._depth, self._begun, self._skipped = 1, number, 0
            self._lease, self._duid, self._heard = None, None, None
            try:
                self._begin(number, kind, name.strip())
            except ValueError as problem:
                return (*told, Refused(number, self._skip(str(problem))))
            return told
        self._depth += 1
        if kind == b"iaaddr" and self._duid and not self._skipped:
            self._lease = _Lease(number, fields.address(name.strip()), self._heard, self._duid)
            return ()
        if self._depth == 1:
            self._begun = number
        self._skipped = self._skipped or self._depth
        if self._depth == 1 and kind not in _OTHERS:
            return (Refused(number, "the block is no lease"),)
        return ()

    def _begin(self, number: int, kind: bytes, name: bytes) -> None:
        if kind == b"lease":
            self._lease = _Lease(number, fields.address(name))
        elif kind == b"ia-pd":
            self._skipped = self._depth  # a delegated prefix is a router's, no host's
        else:
            self._duid = _duid(name)

    def _close(self) -> Sequence[Told]:
        if not self._depth:
            raise ValueError("a block ends that did not begin")
        lease = None
        if self._skipped == self._depth:
            self._skipped = 0
        elif not self._skipped:
            lease, self._lease = self._lease, None
        self._depth -= 1
        return () if lease is None else self._settle(lease)

    def _state(self, text: bytes) -> None:
        """Read one statement."""
        if b";" not in text:
            raise ValueError("the line is no statement")
        word, _, value = text.partition(b" ")
        if self._lease is not None:
            self._describe(self._lease, word, value)
        elif word == b"cltt":
            self._heard = self._moment(value)
        elif not self._depth and word not in _LEFT_OUT:
            raise ValueError("the statement stands in no lease")

    def _describe(self, lease: _Lease, word: bytes, value: bytes) -> None:
        """Read one statement of a lease."""
        if word == b"starts":
            lease.starts = self._moment(value)
        elif word == b"ends":
            moment = self._moment(value)
            lease.ends = _NEVER if moment is None else moment
        elif word == b"binding":
            lease.state = value.removeprefix(b"state ").partition(b";")[0].strip()
        elif word == b"hardware":
            kind, _, digits = value.partition(b";")[0].partition(b" ")
            lease.mac = fields.mac(digits.strip()) if kind == b"ethernet" else None
        elif word == b"client-hostname":
            lease.host = fields.name(_unquoted(value))
        elif word == b"set" and lease.host is None and value.partition(b" ")[0] in _NAMES:
            lease.host = fields.name(_unquoted(value.partition(b"=")[2]))

    def _settle(self, lease: _Lease) -> Sequence[Told]:
        """Return what a whole block says."""
        starts, ends = lease.starts, lease.ends
        is_named = (lease.mac or lease.duid or lease.host) is not None
        if lease.state == b"active":
            if starts is None or ends is None:
                return (Refused(lease.line, "the lease says no beginning or no end"),)
            if ends <= starts:
                return (Refused(lease.line, "the lease ends before it begins"),)
        elif lease.state not in _OVER:
            return (Refused(lease.line, "the lease is in no state that is known"),)
        if lease.state == b"abandoned" or (lease.state == b"active" and not is_named):
            return self._free(lease, starts)  # the one before has the address no longer
        if starts is None or ends is None or ends <= starts or not is_named:
            return self._free(lease, ends, lease.mac, lease.duid)
        until = None if ends == _NEVER else ends
        return (self._reading.tenancy(lease.line, starts, until, lease.ip, lease.mac, lease.duid, lease.host),)

    def _free(
        self, lease: _Lease, since: int | None, mac: str | None = None, duid: str | None = None
    ) -> Sequence[Told]:
        """Say that a device, or if none is named whichever had it, has an address no longer."""
        if since is None or since == _NEVER:
            return ()
        return (self._reading.tenancy(lease.line, since, since, lease.ip, mac, duid),)

    def _moment(self, value: bytes) -> int | None:
        """Read a time: ``0 2026/11/22 12:53:07;``, with the seconds east of UTC behind it where it is local."""
        text = value.partition(b";")[0].split()
        if text == [b"never"]:
            return None
        if text[:1] == [b"epoch"] and len(text) > 1:
            return epoch(text[1])
        try:
            _, day, clock, *east = text
            offset = int(east[0]) if east and len(east[0]) <= len("+86400") else 0
        except ValueError:
            raise ValueError("the time is not written as dhcpd does") from None
        return max(0, self._calendar.span(day, second_of_day(clock))[0] - offset * NANOSECONDS)


def _date(text: bytes) -> tuple[int, int, int]:
    year, month, day = text.split(b"/")
    return int(year), int(month), int(day)


def _unquoted(value: bytes) -> bytes:
    """Read a string in quotes, with a backslash before quotes, backslashes and the octal numbers of other bytes."""
    text = value.strip().removesuffix(b";").strip()
    inner = text.removeprefix(b'"').removesuffix(b'"')
    return _ESCAPE.sub(_character, inner) if b"\\" in inner else inner


def _character(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes((int(code, 8) & 0xFF,)) if len(code) > 1 else code


def _duid(name: bytes) -> str:
    """Read an association's key, four bytes of number and the DUID: a string, or digits (``lease-id-format hex``)."""
    key = _unquoted(name) if name.startswith(b'"') else bytes.fromhex(fields.duid(name).replace(":", ""))
    if not _IAID < len(key) <= _IAID + _MAX_DUID:
        raise ValueError("there is no DUID where one belongs")
    return key[_IAID:].hex(":")
