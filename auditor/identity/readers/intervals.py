"""Reads our own list: whose an address, a network or a device was, from when to when.

    valid_from,valid_to,ip,mac,host,user,group
    2026-01-01T00:00:00Z,,10.20.0.31,52:54:00:12:34:56,alice-laptop,alice,employees

The header says which columns there are, in any order; ``vlan`` may be one. A time is RFC 3339; without an offset it
is the source's local time, and a date alone is the whole day: ``valid_to`` 2026-03-31 holds to the end of the 31st.
An empty ``valid_from`` is "ever since", an empty ``valid_to`` "still". ``ip`` may be a network, ``group`` several
joined by ``;`` or ``|``. Where a local time comes twice, the interval is sure between both readings and supposed
beyond. Empty lines and lines that begin with ``#`` say nothing.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

from auditor.identity.readers.fields import address, mac, name
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.identity.readers.stamps import rfc3339
from auditor.identity.readers.table import cells, columns
from auditor.model.identity import Tenancy, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from auditor.identity.readers.times import Span
    from auditor.model.flow import Address

COLUMNS = ("valid_from", "valid_to", "ip", "mac", "vlan", "host", "user", "group")
_KEPT = 1 << 14
_MAX_VLAN = 4094
_LONGEST_NETWORK = 64
_MAX_GROUPS = 64
_LONGEST_GROUPS = 2048


class Intervals:
    """Every line behind the header stands for itself."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._width = 0
        """Columns of the header."""
        self._places: list[int] = []
        """Where each of :data:`COLUMNS` stands; -1 is an empty field behind the row."""
        self._is_lost = False

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read the header, or one row."""
        if not line.strip() or line.startswith(b"#"):
            return ()
        if self._is_lost:
            return (Refused(number, "the header before it could not be read"),)
        try:
            row = cells(line)
            if not self._width:
                self._places = _header(row)
                self._width = len(row)
                return ()
            return self._tenancies(number, row)
        except ValueError as problem:
            self._is_lost = not self._width
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Nothing is open."""
        return ()

    def _tenancies(self, number: int, row: list[str]) -> Sequence[Tenancy]:
        """Read a row, or raise ``ValueError``."""
        if len(row) != self._width:
            raise ValueError(f"the line has {len(row)} fields where the header has {self._width}")
        row.append("")
        begins, ends, where, device, vlan, host, user, groups = [row[place].strip() for place in self._places]
        reading = self._reading
        start, sure = rfc3339(begins, reading.zone) if begins else (0, 0)
        until, end = _end(ends, reading.zone) if ends else (None, None)
        if end is not None and end <= start:
            raise ValueError("valid_to is not after valid_from")
        ip, network = _where(where)
        if ip is None and network is None and not device:
            raise ValueError("neither ip nor mac is given")
        one = Tenancy(
            start,
            end,
            Trust.LISTED,
            reading.at(number),
            ip=ip,
            mac=mac(device.encode()) if device else None,
            vlan=_vlan(vlan) if vlan else reading.vlan,
            vantage=reading.vantage,
            host=name(host.encode()) if host else None,
            user=name(user.encode()) if user else None,
            groups=_groups(groups) if groups else (),
            network=network,
        )
        return (one,) if start == sure and until == end else _parts(one, sure, until)


def _parts(one: Tenancy, sure: int, until: int | None) -> Sequence[Tenancy]:
    """Part what is sure of an interval from what is so by one reading of its ends alone."""
    if until is not None and until <= sure:
        return (one._replace(supposed=True),)
    parts = [one._replace(start=sure, end=until)]
    if one.start < sure:
        parts.insert(0, one._replace(end=sure, supposed=True))
    if until is not None and until != one.end:
        parts.append(one._replace(start=until, supposed=True))
    return parts


def _header(row: list[str]) -> list[int]:
    """Read the header, or raise ``ValueError``."""
    places = columns(row)
    if not places.keys() <= set(COLUMNS):
        raise ValueError(f"the header names a column that is none of {', '.join(COLUMNS)}")
    if not places.keys() & {"ip", "mac"}:
        raise ValueError("the header has neither ip nor mac")
    return [places.get(title, -1) for title in COLUMNS]


@lru_cache(_KEPT)
def _where(text: str) -> tuple[Address | None, IPv4Network | IPv6Network | None]:
    """Read an address or a network."""
    if not text:
        return None, None
    if "/" not in text:
        return address(text.encode()), None
    try:
        return None, ip_network(text[:_LONGEST_NETWORK])
    except ValueError:
        raise ValueError("ip is no network: digits, a slash and a prefix, and no bits behind the prefix") from None


@lru_cache(_KEPT)
def _groups(text: str) -> tuple[str, ...]:
    if len(text) > _LONGEST_GROUPS:
        raise ValueError("the groups are too long")
    parts = (name(part.encode()) for part in re.split("[;|]", text))
    return tuple(dict.fromkeys(part for part in parts if part is not None))[:_MAX_GROUPS]


@lru_cache(_KEPT)
def _vlan(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_VLAN)) and 0 < int(text) <= _MAX_VLAN):
        raise ValueError(f"vlan is not a number from 1 to {_MAX_VLAN}")
    return int(text)


@lru_cache(_KEPT)
def _end(text: str, zone: tzinfo) -> Span:
    """Read ``valid_to``: a date alone lasts to its end."""
    if len(text) > len("2026-01-01"):
        return rfc3339(text, zone)
    try:
        following = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ValueError("a time is not written as 2026-01-01T00:00:00Z or 2026-01-01") from None
    return rfc3339(following.isoformat(), zone)
