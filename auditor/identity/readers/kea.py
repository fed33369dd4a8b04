"""Kea's lease files, ``kea-leases4.csv``, ``kea-leases6.csv`` (memfile), and ``.1``, ``.2``, ``.completed`` beside.

::

    address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
    10.30.0.85,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1795355592,1,0,0,alice-laptop,0,

    address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,
    hwaddr,state,user_context,hwtype,hwaddr_source

Columns are found by their names: each release added some. A row is the whole state of an address; ``expire`` less
``valid_lifetime`` is when its device was last answered. A lifetime of 0 says that the lease was deleted, after a
release, but not when: between the latest answer to anybody above that row and the next one below it, as far as the
lease was promised, the device is only supposed to have had the address. Commas inside a column are written ``&#x2c``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import LATEST, epoch
from auditor.model.moment import HOUR, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.reader import Reading, Told
    from auditor.model.flow import Address
    from auditor.model.identity import Tenancy

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
_UNKNOWN = 24 * HOUR
"""How long a lease was promised that was deleted, where the file does not have it any more."""
_MAX_KEPT = 1 << 16
_OPEN = (LATEST + 1) * NANOSECONDS
_ESCAPE = re.compile(rb"&#x([0-9a-fA-F]{2})")


class Kea:
    """Reads lease files of Kea."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._columns: dict[bytes, int] | None = None
        self._promised: dict[Address, int] = {}
        """The ends of the leases read last."""
        self._latest = 0
        """When the server answered anybody last."""
        self._deleted: list[Tenancy] = []
        """What is supposed of leases that were deleted since."""

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
        """Return what is supposed of leases that were deleted last."""
        return tuple(self._deleted)

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
        end = None if lifetime == _FOREVER else expire
        name = fields.name(_ESCAPE.sub(_character, host) if b"&#x" in host else host)
        tenancy = self._reading.tenancy(number, start, end, ip, mac, fields.duid(duid) if duid else None, name)
        if not (mac or duid or name):  # the one before has the address no longer
            return (tenancy._replace(end=start),)
        if not lifetime:
            return self._delete(ip, tenancy)
        self._promise(ip, _OPEN if end is None else end)
        return (*self._until(start), tenancy)

    def _promise(self, ip: Address, end: int) -> None:
        """Remember until when a lease lasts."""
        self._promised.pop(ip, None)
        self._promised[ip] = end
        if len(self._promised) > _MAX_KEPT:
            del self._promised[next(iter(self._promised))]

    def _delete(self, ip: Address, over: Tenancy) -> Sequence[Tenancy]:
        """Say until when a device had an address at least; keep for later until when it is supposed to have had it."""
        at = self._latest = max(over.start, self._latest)
        end = self._promised.get(ip, over.start + _UNKNOWN)
        if end <= at:
            return ()
        told = self._until(_OPEN) if len(self._deleted) >= _MAX_KEPT else ()
        self._deleted.append(over._replace(start=at, end=None if end == _OPEN else end, supposed=True))
        return (*told, over._replace(start=at, end=at))

    def _until(self, answered: int) -> Sequence[Tenancy]:
        """Return what is supposed of deleted leases up to an answer that came after they were."""
        if answered <= self._latest:
            return ()
        if answered < _OPEN:
            self._latest = answered
        told, self._deleted = self._deleted, []
        return [each if each.end is not None and each.end <= answered else _cut(each, answered) for each in told]


def _cut(tenancy: Tenancy, end: int) -> Tenancy:
    return tenancy if end == _OPEN else tenancy._replace(end=end)


def _character(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode("ascii"))
