"""The words of values in any file: what people write on the left, what the program keeps on the right.

Each ``parse_*`` takes what YAML gave (text, an integer, anything) and returns the value, or raises pydantic's custom
error whose type is an issue code.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo, available_timezones

from pydantic_core import PydanticCustomError

from auditor.model.moment import HOUR, MINUTE, NANOSECONDS
from auditor.written.issue import did_you_mean, listing, quoted

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_PORT = 65535
_MAX_VLAN = 4094
_MAX_AMOUNT = 2**63
_UNITS = {"b": 1} | {
    prefix.lower() + suffix: base**power
    for power, prefix in enumerate("kMGT", 1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}

LONGEST = 400 * 24 * HOUR
_LENGTHS = {"ms": NANOSECONDS // 1000, "s": NANOSECONDS, "m": MINUTE, "h": HOUR, "d": 24 * HOUR}


def defect(code: str, message: str, hint: str | None = None) -> PydanticCustomError:
    """Make the error that becomes an issue with this code."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def parse_word(field: str, known: tuple[str, ...], value: object) -> str:
    """Return ``value`` where it is one of ``known``; the issue code is ``bad-`` and the field's name."""
    if isinstance(value, str) and value in known:
        return value
    hint = did_you_mean(value, known) if isinstance(value, str) else None
    message = f"{quoted(value)} is not one of {', '.join(known)}"
    raise defect(f"bad-{field}", message, hint)


def parse_version(noun: str, value: object) -> int:
    """``1``: the only version that the format of a ``noun`` has."""
    if value is True or value != 1:
        raise defect("bad-version", f"{quoted(value)} is no version of the {noun} format", "write 'version: 1'")
    return 1


def parse_network(value: object) -> Network:
    """``10.20.0.0/16``, ``2001:db8::/32``, or one address."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?", value, re.ASCII):
        raise defect("bad-network", f"{quoted(value)} is no network", 'write 10.20.0.0/16 or "2001:db8:20::/48"')
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        network = ip_network(value, strict=False)
    except ValueError as problem:
        raise defect("bad-network", f"{quoted(value)} is no network: {problem}") from None
    message = f"{value} has bits set beyond its prefix: it is a host in {network}, not a network"
    raise defect("network-host-bits", message, f"did you mean {network}?")


def parse_address(value: object) -> Address:
    """``10.20.0.31`` or ``2001:db8::31``."""
    try:
        return ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise defect("bad-address", f"{quoted(value)} is no address", 'write 10.20.0.31 or "2001:db8::31"') from None


def parse_mac(value: object) -> str:
    """``52:54:00:12:34:56``, also with hyphens or as ``5254.0012.3456`` → lower case with colons."""
    text = value if isinstance(value, str) else ""
    shape = r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"
    if not re.fullmatch(shape, text.lower()):
        raise defect("bad-mac", f"{quoted(value)} is no MAC address", "write 52:54:00:12:34:56")
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def parse_vlan(value: object) -> int:
    """A VLAN id, 1 to 4094."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_VLAN:
        raise defect("bad-vlan", f"{quoted(value)} is no VLAN id", f"a VLAN id is 1 to {_MAX_VLAN}")
    return value


def parse_ports(value: object) -> range:
    """``51413`` or ``6881-6889``, both ends included."""
    found = re.fullmatch(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?", str(value), re.ASCII)
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if isinstance(value, bool) or not low <= high <= _MAX_PORT:
        raise defect("bad-port", f"{quoted(value)} is no port or range of ports", "write 51413 or 6881-6889")
    return range(low, high + 1)


def parse_amount(value: object) -> int:
    """``1 MiB``, ``1.5 GB`` or a number of bytes → bytes."""
    found = re.fullmatch(r"([0-9]{1,18})(\.[0-9]{1,9})?\s*([A-Za-z]*)", str(value), re.ASCII)
    factor = _UNITS.get(found[3].lower() or "b") if found else None
    amount = int(Decimal(found[1] + (found[2] or "")) * factor) if found and factor else -1
    if isinstance(value, bool) or not 0 <= amount < _MAX_AMOUNT:
        hint = "write a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB: 10 MiB"
        raise defect("bad-amount", f"{quoted(value)} is no amount of bytes", hint)
    return amount


def parse_length(value: object) -> int:
    """``90s``, ``65m``, ``8d`` → nanoseconds."""
    return _length("bad-length", value, r"(\+?)")


def parse_shift(value: object) -> int:
    """``-1h``, ``+2.5s`` → nanoseconds."""
    return _length("bad-offset", value, r"([+-]?)")


def _length(code: str, value: object, sign: str) -> int:
    found = re.fullmatch(sign + r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|[smhd])", str(value), re.ASCII)
    length = int(Decimal(found[2]) * _LENGTHS[found[3]]) if found else LONGEST + 1
    if not found or length > LONGEST:
        hint = "write a number with ms, s, m, h or d: 90s, 65m, 8d" + (", -1h" if "-" in sign else "")
        raise defect(code, f"{quoted(value)} is no length of time", hint)
    return -length if found[1] == "-" else length


def parse_instant(value: object) -> date | datetime:
    """``2026-01-31`` (a day in the file's zone) or ``2026-01-31T18:00:00+01:00``."""
    text = value if isinstance(value, str) else ""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        hint = "write 2026-01-31, or with a time and its offset 2026-01-31T18:00:00+01:00"
        raise defect("bad-instant", f"{quoted(value)} is no date, and no time with an offset", hint)
    return instant


def parse_moment(value: object) -> int:
    """``2026-01-31T18:00:00+01:00`` → nanoseconds since the epoch."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year < _EPOCH.year:
        hint = "write 2026-01-31T18:00:00+01:00, or 2026-01-31T17:00:00Z"
        raise defect("bad-moment", f"{quoted(value)} is no time with an offset from UTC", hint)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def parse_zone(value: object) -> ZoneInfo:
    """``Europe/Berlin``."""
    text = value if isinstance(value, str) else ""
    zones = _zones()
    if text not in zones:
        near = did_you_mean(text, zones) or "name a zone of the tz database: Europe/Berlin, America/New_York, UTC"
        raise defect("unknown-zone", f"{quoted(value)} is no time zone", near)
    return ZoneInfo(text)


def parse_line(value: object) -> str:
    """Text on one line: line breaks and runs of spaces become one space; nothing that would steer a terminal."""
    if not isinstance(value, str):
        raise defect("bad-text", f"{quoted(value)} is no text", "put it in quotes")
    text = " ".join(value.split())
    if not text:
        raise defect("empty-text", "there is no text here", "say it in a sentence that people can read")
    strange = [f"U+{ord(c):04X}" for c in text if not c.isprintable()]
    if strange:
        raise defect("bad-text", f"the text has characters that cannot be printed: {listing(strange)}")
    return text


def parse_id(value: object) -> str:
    """The name of a rule, group or list: it becomes a label in metrics and a key in JSON."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value, re.ASCII):
        hint = "use lower-case letters, digits, '-', '_' and '.', at most 64 of them"
        raise defect("bad-id", f"{quoted(value)} cannot be a name", hint)
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
