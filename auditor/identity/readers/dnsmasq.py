"""dnsmasq's lease file, ``dnsmasq.leases``.

::

    1795355581 52:54:00:12:34:56 10.30.0.58 alice-laptop 01:52:54:00:12:34:56    expiry, MAC, address, name, client id
    duid 00:01:00:01:2f:11:22:33:52:54:00:12:34:56                               the server's own; IPv6 from here on
    1795355581 305419896 2001:db8::31 alice-laptop 00:01:00:01:2f:11:22:33:…     expiry, IAID, address, name, DUID

An expiry of 0 is never; ``*`` stands for what is not known; ``T`` before an IAID marks a temporary address; a type
before a MAC (``06-``) hardware that is no Ethernet. The file is written anew at each change and tells the present only,
and not when a lease began: each begins when the file was written (:attr:`Reading.taken`), or, where it is known how
long addresses are leased, that long before its expiry (:attr:`Reading.lease`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import epoch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.reader import Reading, Told

_FIELDS = 5
_MAC_LENGTH = len("52:54:00:12:34:56")


class Dnsmasq:
    """Reads lease files of dnsmasq."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._is_v6 = False

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a lease."""
        values = line.split(b" ", _FIELDS)
        if values[0] == b"duid":
            self._is_v6 = True
            return ()
        if not line:
            return ()
        try:
            return self._lease(number, values)
        except ValueError as problem:
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Return nothing: each line stands for itself."""
        return ()

    def _lease(self, number: int, values: list[bytes]) -> Sequence[Told]:
        if len(values) != _FIELDS:
            raise ValueError("a lease has five fields")
        expiry, device, address, host, client = values
        end, ip = epoch(expiry), fields.address(address)
        start, lease = self._reading.taken, self._reading.lease
        if end and lease is not None:
            start = max(0, end - lease)
        elif start is None:
            raise ValueError("the lease says no beginning, and when the file was written is not known")
        elif end and end <= start:
            raise ValueError("the lease was over when the file was written")
        mac = duid = None
        if self._is_v6:
            duid = fields.duid(client) if client != b"*" else None
        elif len(device) == _MAC_LENGTH:
            mac = fields.mac(device)
        name = fields.name(host)
        if not (mac or duid or name):
            raise ValueError("the lease names no device")
        return (self._reading.tenancy(number, start, end or None, ip, mac, duid, name),)
