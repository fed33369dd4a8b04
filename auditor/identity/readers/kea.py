"""Kea's lease files, ``kea-leases4.csv``, ``kea-leases6.csv`` (memfile), and ``.1``, ``.2``, ``.completed`` beside.

::

    address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
    10.30.0.85,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1795355592,1,0,0,alice-laptop,0,

    address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,
    hwaddr,state,user_context,hwtype,hwaddr_source

Columns are found by their names: each release added some. A row is the whole state of an address; ``expire`` less
``valid_lifetime`` is when its device was last answered. A lifetime of 0 says that the lease was deleted, after a
release, but not when: until another has the address, the lease that was deleted counts as long as it was promised.
Commas inside a column are written ``&#x2c``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import epoch
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.reader import Reading, Told

_NEEDED = (b"address", b"valid_lifetime", b"expire")
_MAX_COLUMNS = 64
_ASSIGNED = frozenset({b"", b"0", b"2", b"3", b"4"})
"""Assigned; and reclaimed after it ended, or released, which tell who had it; registered by a device that chose it
itself (RFC 9686)."""
_DECLINED = b"1"
"""Somebody else uses it."""
_PREFIX = b"2"
"""The lease type of a delegated prefix: a router's, no host's."""
_FOREVER = 0xFFFF_FFFF * NANOSECONDS
_ESCAPE = re.compile(rb"&#x([0-9a-fA-F]{2})")


class Kea:
    """Reads lease files of Kea."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._columns: dict[bytes, int] | None = None

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a row, or the names of the columns."""
        if line.startswith(b"address,"):
            return self._head(number, line)
        if not line:
            return ()
        try:
            return self._row(number, line.split(b",", _MAX_COLUMNS))
        except ValueError as problem:
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Return nothing: each row stands for itself."""
        return ()

    def _head(self, number: int, line: bytes) -> Sequence[Told]:
        names = {name: at for at, name in enumerate(line.split(b",", _MAX_COLUMNS))}
        self._columns = names if all(name in names for name in _NEEDED) else None
        return () if self._columns else (Refused(number, "the columns are none of a lease file"),)

    def _row(self, number: int, values: list[bytes]) -> Sequence[Told]:
        columns = self._columns
        if columns is None:
            raise ValueError("the row has no names of columns above it")

        def value(name: bytes) -> bytes:
            at = columns.get(name, _MAX_COLUMNS)
            return values[at] if at < len(values) else b""

        if value(b"lease_type") == _PREFIX:
            return ()
        ip = fields.address(value(b"address"))
        lifetime = epoch(value(b"valid_lifetime"))
        expire = epoch(value(b"expire"))
        start, state = expire - lifetime, value(b"state")
        if start < 0:
            raise ValueError("the lease begins before 1970")
        hardware, duid = value(b"hwaddr"), value(b"duid")
        mac = fields.mac(hardware) if len(hardware) == len("52:54:00:12:34:56") else None
        if state == _DECLINED:
            return (self._reading.tenancy(number, start, start, ip),)
        if state not in _ASSIGNED:
            raise ValueError("the lease is in no state that is known")
        host = value(b"hostname")
        if not lifetime or not (hardware or duid or host):
            return ()
        end = None if lifetime == _FOREVER else expire
        name = fields.name(_ESCAPE.sub(_character, host) if b"&#x" in host else host)
        return (self._reading.tenancy(number, start, end, ip, mac, fields.duid(duid) if duid else None, name),)


def _character(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode("ascii"))
