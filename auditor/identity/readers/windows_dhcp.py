"""The audit log of Windows' DHCP server: ``DhcpSrvLog-Mon.log`` and six more, ``DhcpV6SrvLog-Mon.log``.

::

    ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, …
    10,11/22/26,12:53:07,Assign,10.30.0.70,alice-laptop.corp.example,525400123456,,3735928559,0,,,,0x4D53465420352E30,…

    ID,Date,Time,Description,IPv6 Address,Host Name,Error Code, Duid Length, Duid Bytes(Hex),User Name,…

Above that, words in the server's language say what the numbers mean. Dates are month first, with two digits of the year
or four; times are local and say no zone. How long an address is leased does not stand in it: a holding lasts until its
release, its expiry or the next assignment, or for :attr:`Reading.lease`. A weekday's file is overwritten a week later.
In an hour that comes twice, a holding is supposed between the two readings of its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.readers import fields
from auditor.identity.readers.reader import Refused
from auditor.identity.readers.times import Calendar, second_of_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.reader import Reading, Told

_BEGIN = frozenset({b"10", b"11", b"20", b"21", b"11002", b"11004", b"11005"})
"""Assigned, renewed, by BOOTP from a reservation or a pool; IPv6: asked for, renewed, rebound."""
_END = frozenset({b"12", b"13", b"16", b"17", b"18", b"23", b"11006", b"11007", b"11015", b"11016", b"11018"})
"""Released, found in use by somebody else, deleted, expired (twice), deleted with BOOTP; IPv6: declined, released, in
use, deleted, expired. All else tells of no address (00 to 02, 14, 24, 25), of one that was not given (15, 22) or of the
DNS (30 to 32)."""
_FIRST_V6 = 11_000
_HEAD = b"ID,"
_ID, _DATE, _TIME, _DESCRIPTION, _IP, _HOST, _MAC = range(7)
_DUID = 8
_CUT = 10
"""Columns of which none behind is read."""
_MAX_ID = 5
_MAC_LENGTHS = frozenset({len("525400123456"), len("52:54:00:12:34:56")})
_SHORT_YEAR = 2
_CENTURY = 2000


class WindowsDhcp:
    """Reads audit logs of Windows' DHCP server."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._calendar = Calendar(reading.zone, _date)
        self._is_begun = False
        """The names of the columns, or a row, were there."""

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read a row; what stands above the first is for people."""
        values = line.split(b",", _CUT)
        event = values[_ID]
        if not (event.isdigit() and len(event) <= _MAX_ID and len(values) > _MAC):
            if line.startswith(_HEAD):
                self._is_begun = True
                return ()
            return (Refused(number, "the line is no row of the log"),) if self._is_begun and line.strip() else ()
        self._is_begun = True
        is_begin = event in _BEGIN
        if not is_begin and event not in _END:
            return ()
        try:
            return self._row(number, values, is_begin=is_begin)
        except ValueError as problem:
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Say whether this is another kind of file."""
        return () if self._is_begun else (Refused(1, "the file has no row of a DHCP audit log"),)

    def _row(self, number: int, values: list[bytes], *, is_begin: bool) -> Sequence[Told]:
        earliest, latest = self._calendar.span(values[_DATE], second_of_day(values[_TIME]))
        ip = fields.address(values[_IP])
        mac = duid = None
        if int(values[_ID]) >= _FIRST_V6:
            duid = fields.duid(values[_DUID].removeprefix(b"0x")) if len(values) > _DUID and values[_DUID] else None
        elif len(values[_MAC]) in _MAC_LENGTHS:  # a remote access server leases by longer names of its own
            mac = fields.mac(values[_MAC])
        if is_begin:
            end = None if self._reading.lease is None else latest + self._reading.lease
            name = fields.name(values[_HOST])
            if not (mac or duid or name):  # the one before has the address no longer
                end = latest
            sure = self._reading.tenancy(number, latest, end, ip, mac, duid, name)
        else:
            sure = self._reading.tenancy(number, earliest, earliest, ip, mac, duid)
        if earliest == latest or not (sure.mac or sure.duid or sure.host):
            return (sure,)
        return (sure, sure._replace(start=earliest, end=latest, supposed=True))


def _date(text: bytes) -> tuple[int, int, int]:
    month, day, year = text.split(b"/")
    return int(year) + (_CENTURY if len(year) == _SHORT_YEAR else 0), int(month), int(day)
