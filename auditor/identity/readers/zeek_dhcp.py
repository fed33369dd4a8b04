r"""Zeek's ``dhcp.log``, as tab-separated values or JSON lines.

::

    #separator \x09
    #unset_field    -
    #fields  ts  uids  client_addr  server_addr  mac  host_name  client_fqdn  domain  requested_addr  assigned_addr  …
    1795355581.124000  CMn…,Cdz…  10.30.0.70  10.30.0.1  52:54:00:12:34:56  alice-laptop  -  -  -  10.30.0.70  …

    {"ts":1795355581.124,"mac":"52:54:00:12:34:56","host_name":"alice-laptop","assigned_addr":"10.30.0.70",
     "lease_time":3600.0,"msg_types":["REQUEST","ACK"]}

A row is what was said under one transaction number, from ``ts`` on. Only an ACK assigns: an address that was offered
may never have been taken. Rows are written when a talk is over, so that they are nearly but not quite in order of time.
The header says what parts columns and in which order they are; times in JSON may be seconds, milliseconds or text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import fractional_epoch
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.identity.readers.reader import Reading, Told

_COLUMNS = (b"ts", b"mac", b"assigned_addr", b"host_name", b"client_fqdn", b"lease_time", b"msg_types", b"client_addr")
_OLD = {b"assigned_ip": b"assigned_addr"}
"""Names of before 2.6."""
_MAX_COLUMNS = 64
_LONGEST_SEPARATOR = 16
_ABSENT = _MAX_COLUMNS + 1
_NAMES = tuple(column.decode() for column in _COLUMNS)
_JSON = json.JSONDecoder(parse_float=str)
"""Numbers stay as they are written: a float has no nanoseconds in this century."""
_HEX = re.compile(rb"\\x([0-9a-fA-F]{2})")
_FOREVER = 0xFFFF_FFFF * NANOSECONDS
_MILLISECONDS_FROM = 10**11
"""Whole numbers above that are milliseconds: as seconds they would lie in the year 5138."""
_NONE = frozenset({b"", b"-", b"0.0.0.0", b"(empty)"})

_Row = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
"""The values of ``_COLUMNS``; those that are not known are empty."""


class ZeekDhcp:
    """Reads DHCP logs of Zeek."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._separator = b"\t"
        self._unset = b"-"
        self._places: tuple[int, ...] | None = None

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a row, or a line of the header."""
        try:
            if line.startswith(b"{"):
                return self._row(number, _from_json(line), _json_time)
            if line.startswith(b"#"):
                self._head(line)
                return ()
            if not line:
                return ()
            return self._row(number, self._from_columns(line), fractional_epoch)
        except ValueError as problem:
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Return nothing: each row stands for itself."""
        return ()

    def _head(self, line: bytes) -> None:
        """Read a line of the header; a file may have several headers, where files were joined."""
        if line.startswith(b"#separator "):
            self._separator = _HEX.sub(_character, line.split(b" ", 1)[1])[:_LONGEST_SEPARATOR] or b"\t"
            return
        name, *values = line.split(self._separator, _MAX_COLUMNS)
        if name == b"#unset_field":
            self._unset = values[0] if values else b"-"
        elif name == b"#fields":
            at = {_OLD.get(value, value): place for place, value in enumerate(values)}
            self._places = None
            if b"ts" not in at or b"assigned_addr" not in at:
                raise ValueError("the columns are none of a DHCP log")
            self._places = tuple(at.get(column, _ABSENT) for column in _COLUMNS)

    def _from_columns(self, line: bytes) -> _Row:
        places = self._places
        if places is None:
            raise ValueError("the row has no names of columns above it")
        values = line.split(self._separator, _MAX_COLUMNS)
        count, unset = len(values), self._unset
        row = [values[at] if at < count and values[at] != unset else b"" for at in places]
        if b"\\x" in line:
            row = [_HEX.sub(_character, value) for value in row]
        return tuple(row)  # type: ignore[return-value]  # there are as many places as columns

    def _row(self, number: int, row: _Row, moment: Callable[[bytes], int]) -> Sequence[Told]:
        ts, hardware, assigned, host, fqdn, lease, messages, client = row
        start = moment(ts)
        if b"RELEASE" in messages and client not in _NONE:
            return (self._reading.tenancy(number, start, start, fields.address(client), _mac(hardware)),)
        if assigned in _NONE or (messages and b"ACK" not in messages):
            return ()
        ip = fields.address(assigned)
        mac, name = _mac(hardware), fields.name(host) or fields.name(fqdn)
        if mac is None and name is None:  # the one before has the address no longer
            return (self._reading.tenancy(number, start, start, ip),)
        length = fractional_epoch(lease) if lease else self._reading.lease
        if length == 0:
            raise ValueError("the lease ends as it begins")
        end = None if length is None or length >= _FOREVER else start + length
        return (self._reading.tenancy(number, start, end, ip, mac, None, name),)


def _mac(text: bytes) -> str | None:
    return fields.mac(text) if text else None


def _from_json(line: bytes) -> _Row:
    """Read a JSON object."""
    try:
        values = _JSON.decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise ValueError("the line is no JSON object") from None
    if not isinstance(values, dict):
        raise ValueError("the line is no JSON object")  # noqa: TRY004  of the line, not of a caller
    for old, new in _OLD.items():
        if old.decode() in values:
            values.setdefault(new.decode(), values[old.decode()])
    found = map(values.get, _NAMES)
    row = [each.encode("utf-8", "replace") if isinstance(each, str) else _value(each) for each in found]
    return tuple(row)  # type: ignore[return-value]  # there are as many names as columns


def _value(value: object) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    if isinstance(value, list):
        return b",".join(each.encode("utf-8", "replace") for each in value if isinstance(each, str))
    return b""


def _json_time(text: bytes) -> int:
    """Read a time in one of the three ways in which Zeek writes them in JSON."""
    if text.isdigit():
        if len(text) > len("253402300799000"):
            raise ValueError("the time cannot be read")
        return int(text) * (NANOSECONDS // 1000) if int(text) >= _MILLISECONDS_FROM else fractional_epoch(text)
    if b"T" not in text:
        return fractional_epoch(text)
    try:
        seconds, _, decimals = text.removesuffix(b"Z").partition(b".")
        moment = datetime.fromisoformat(seconds.decode("ascii")).replace(tzinfo=UTC)
        nanoseconds = int(moment.timestamp()) * NANOSECONDS + int(decimals[:9].ljust(9, b"0"))
    except (ValueError, OverflowError):
        nanoseconds = -1
    if nanoseconds < 0:
        raise ValueError("the time cannot be read")
    return nanoseconds


def _character(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode("ascii"))
