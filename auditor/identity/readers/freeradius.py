r"""Reads FreeRADIUS's ``detail`` files of accounting: 802.1X, wired and wireless, and VPN.

    Sun Nov 22 12:52:28 2026
    \tUser-Name = "alice"
    \tAcct-Status-Type = Start
    \tAcct-Session-Id = "0000004A"
    \tNAS-IP-Address = 10.0.0.2
    \tFramed-IP-Address = 10.20.0.31
    \tCalling-Station-Id = "52-54-00-12-34-56"
    \tTunnel-Private-Group-Id:0 = "120"
    \tTimestamp = 1795351948

and a blank line behind each record. A record's time is ``Event-Timestamp``, which the server fills in, less
``Acct-Delay-Time``, where the NAS did not; else ``Timestamp`` less the delay; else the first line, in local time. An
address is ``Framed-IP-Address``, ``Framed-IPv6-Address``, or every address of ``Framed-IPv6-Prefix`` and
``Delegated-IPv6-Prefix``. The user is ``Stripped-User-Name`` where the server tells it, else ``User-Name`` as it is
written.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Literal

from auditor.identity.readers.fields import MAX_NAME, address, mac, name
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.identity.readers.sessions import MAX_OPEN, Event, Sessions
from auditor.identity.readers.stamps import rfc3339, written
from auditor.identity.readers.times import Span, epoch
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.sessions import Held

ATTRIBUTES = {
    title.lower().encode(): title
    for title in (
        "Aruba-User-Role",
        "Called-Station-SSID",
        "Class",
        "Filter-Id",
        "Fortinet-Group-Name",
        "NAS-Identifier",
        "NAS-IP-Address",
        "NAS-IPv6-Address",
        "NAS-Port-Id",
        "NAS-Port-Type",
        "Realm",
        "Service-Type",
        "Tunnel-Private-Group-Id",
    )
}
"""What a policy may ask for, as it is called there."""
_READ = {
    *ATTRIBUTES,
    b"acct-delay-time",
    b"acct-session-id",
    b"acct-session-time",
    b"acct-status-type",
    b"acct-unique-session-id",
    b"called-station-id",
    b"calling-station-id",
    b"client-ip-address",
    b"delegated-ipv6-prefix",
    b"event-timestamp",
    b"framed-ip-address",
    b"framed-ipv6-address",
    b"framed-ipv6-prefix",
    b"packet-src-ip-address",
    b"packet-src-ipv6-address",
    b"stripped-user-name",
    b"timestamp",
    b"user-name",
}
_STATUS: dict[bytes, Literal["start", "update", "stop", "on", "off"]] = {
    b"start": "start",
    b"1": "start",
    b"stop": "stop",
    b"2": "stop",
    b"interim-update": "update",
    b"alive": "update",
    b"3": "update",
    b"accounting-on": "on",
    b"7": "on",
    b"accounting-off": "off",
    b"8": "off",
}
_NAS = (
    b"nas-ip-address",
    b"nas-ipv6-address",
    b"nas-identifier",
    b"packet-src-ip-address",
    b"packet-src-ipv6-address",
    b"client-ip-address",
)
MAX_ATTRIBUTE = 16 << 10
"""Of a line, in bytes; an attribute has 253 at most, or 4 KiB in several parts."""
_MAX_VALUES = 16
"""Of one attribute."""
_MAX_VLAN = 4094
_LEAST_MOMENT = 946_684_800 * NANOSECONDS
"""The year 2000. A NAS whose clock was never set counts from 1970, or from the day it was built."""
_LONGEST_SESSION = 10 * 366 * 86_400
_ESCAPED = re.compile(rb"\\(?:([0-7]{3})|(.))", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_MAC = re.compile(rb"(?:[0-9A-Fa-f]{2}[-:.]?){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}")
_STATION = re.compile(rb"(?:[0-9A-Fa-f]{2}[-:.]?){5}[0-9A-Fa-f]{2}:(.+)", re.DOTALL)
"""An access point's MAC and the network that it offers: RFC 3580 section 3.20."""
_NONE = {IPv4Address(0), IPv4Address(2**32 - 2), IPv4Address(2**32 - 1), IPv6Address(0), IPv6Network((0, 0))}
_HEX = re.compile(rb"0x((?:[0-9A-Fa-f]{2})+)")

_Record = dict[bytes, list[bytes]]


class Freeradius:
    """Gathers a record's lines, and hands whole records to the sessions."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._sessions = Sessions(reading)
        self._begun = 0
        self._header = b""
        self._record: _Record = {}
        self._line = 0

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one line: of the record, or between two."""
        self._line = number
        if line[:1] in {b"\t", b" "} and (stripped := line.strip()):
            attribute, equals, value = stripped.partition(b" = ")
            if not equals or not self._begun:
                reason = "the line is no attribute" if self._begun else "the attribute belongs to no record"
                return (Refused(number, reason),)
            attribute = attribute.partition(b":")[0].lower()
            if attribute in _READ:
                values = self._record.setdefault(attribute, [])
                if len(values) < _MAX_VALUES:
                    values.append(value)
            return ()
        told = self._finish(self._sessions) if self._begun else ()
        self._record = {}
        self._begun, self._header = (number, line) if line.strip() else (0, b"")
        return told

    def rest(self) -> Sequence[Told]:
        """Tell of the sessions that are open, with the record at the end."""
        sessions = self._sessions.copy() if self._begun else self._sessions
        told = list(self._finish(sessions)) if self._begun else []
        told += sessions.rest()
        if sessions.let_go:
            reason = f"{sessions.let_go} sessions were let go before their end: more than {MAX_OPEN} were open at once"
            told.append(Refused(self._line, reason))
        return told

    def _finish(self, sessions: Sessions) -> Sequence[Told]:
        """Read the record that has ended."""
        try:
            event = self._event()
        except ValueError as problem:
            return (Refused(self._begun, str(problem)),)
        return () if event is None else list(sessions.take(event))

    def _event(self) -> Event | None:
        """Read a record, or raise ``ValueError``; one that is no accounting of a session or a NAS is ``None``."""
        record = self._record
        if b"acct-status-type" not in record:
            raise ValueError("the record has no Acct-Status-Type: it is no accounting")
        status = _STATUS.get(_bytes(record, b"acct-status-type").lower())
        if status is None:
            return None  # of a tunnel, or a failure
        nas = next((_bytes(record, title) for title in _NAS if title in record), b"").decode("utf-8", "replace")
        time = self._time(record)
        if status in {"on", "off"}:
            return Event(self._begun, status, time, nas)
        called = [_bytes(record, title) for title in (b"acct-unique-session-id", b"acct-session-id")]
        if not called[1]:
            raise ValueError("the record has no Acct-Session-Id")
        station = _bytes(record, b"calling-station-id")
        unique, session = (part.decode("utf-8", "replace")[:MAX_NAME] for part in called)
        by_station = f"{session} {station.decode('utf-8', 'replace')[:MAX_NAME]}"
        users = (_bytes(record, title) for title in (b"stripped-user-name", b"user-name"))
        return Event(
            self._begun,
            status,
            time,
            nas[:MAX_NAME],
            (f"={unique}", by_station) if unique and station else (f"={unique}" if unique else by_station,),
            lasted=_seconds(record, b"acct-session-time"),
            user=next((user for text in users if (user := name(text))), None),
            mac=mac(station) if _MAC.fullmatch(station) else None,
            vlan=_vlan(_bytes(record, b"tunnel-private-group-id")),
            held=_held(record),
            attributes=_attributes(record),
        )

    def _time(self, record: _Record) -> Span:
        """Return when the event of a record was."""
        zone = self._reading.zone
        if b"event-timestamp" in record:
            text = _bytes(record, b"event-timestamp")
            if text.isdigit():
                moment = epoch(text)
                time = moment, moment
            elif text[:1].isdigit():
                time = rfc3339(text.decode("utf-8", "replace"), zone)
            else:
                time = written(text.decode("utf-8", "replace"), zone)
            if time[0] >= _LEAST_MOMENT:
                return time
        delay = _seconds(record, b"acct-delay-time") or 0
        if b"timestamp" in record:
            moment = epoch(_bytes(record, b"timestamp"))
            time = moment, moment
        else:
            time = written(self._header.strip().decode("utf-8", "replace"), zone)
        return max(0, time[0] - delay), max(0, time[1] - delay)


def _bytes(record: _Record, attribute: bytes) -> bytes:
    """Return an attribute's first value, or nothing."""
    values = record.get(attribute)
    return _value(values[0]) if values else b""


def _value(text: bytes) -> bytes:
    """Return a value without its quotes and escapes."""
    if text[:1] in {b'"', b"'"} and len(text) > 1 and text[-1:] == text[:1]:
        text = text[1:-1]
        if b"\\" in text:
            return _ESCAPED.sub(_unescape, text)
    return text


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes((int(found[1], 8) & 0xFF,))
    return _CONTROLS.get(found[2], found[2])


def _seconds(record: _Record, attribute: bytes) -> int | None:
    """Return a duration in nanoseconds; one that nothing lasts is left out."""
    text = _bytes(record, attribute)
    if not text.isdigit() or len(text) > len(str(_LONGEST_SESSION)) or int(text) > _LONGEST_SESSION:
        return None
    return int(text) * NANOSECONDS


def _vlan(text: bytes) -> int | None:
    """Return a VLAN's number; it may have a name instead, which is an attribute."""
    if text.isdigit() and len(text) <= len(str(_MAX_VLAN)) and 0 < int(text) <= _MAX_VLAN:
        return int(text)
    return None


def _held(record: _Record) -> tuple[Held, ...]:
    """Return the addresses and networks that a record tells; raise ``ValueError`` if there is another thing."""
    held: list[Held] = []
    for title in (b"framed-ip-address", b"framed-ipv6-address"):
        held += [address(_value(text)) for text in record.get(title, ())]
    for title in (b"framed-ipv6-prefix", b"delegated-ipv6-prefix"):
        for text in record.get(title, ()):
            try:
                held.append(IPv6Network(_value(text)[:64].decode("ascii"), strict=False))
            except ValueError:
                raise ValueError("there is no IPv6 prefix where one belongs") from None
    return tuple(one for one in dict.fromkeys(held) if not _is_asked_for(one))


def _is_asked_for(held: Held) -> bool:
    """Whether an address is none: 255.255.255.255 and 255.255.255.254 ask for one (RFC 2865 section 5.8)."""
    return held in _NONE


def _attributes(record: _Record) -> tuple[tuple[str, str], ...]:
    """Return what a policy may ask for."""
    found = []
    for title, values in record.items():
        if title in ATTRIBUTES:
            found += [(ATTRIBUTES[title], shown) for text in values if (shown := name(_readable(_value(text))))]
    if b"called-station-ssid" not in record and (station := _STATION.fullmatch(_bytes(record, b"called-station-id"))):
        ssid = name(station[1])
        found += [("Called-Station-SSID", ssid)] if ssid else []
    return tuple(sorted(set(found)))


def _readable(value: bytes) -> bytes:
    """Return octets as the text that they are, if they are one."""
    found = _HEX.fullmatch(value)
    if found is None:
        return value
    octets = bytes.fromhex(found[1].decode("ascii"))
    return octets if octets.isascii() and octets.decode("ascii").isprintable() else value
