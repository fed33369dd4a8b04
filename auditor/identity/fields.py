"""The types of the identity file's own fields, as :mod:`auditor.written.fields` has those of any file."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from auditor.identity.readers.registry import READERS
from auditor.identity.tolerance import CAPTURE
from auditor.model.identity import Trust
from auditor.model.moment import HOUR, MINUTE, NANOSECONDS
from auditor.written import scalars
from auditor.written.fields import Written, member, text, version
from auditor.written.issue import did_you_mean, listing, quoted
from auditor.written.scalars import defect

ANY_VLAN = "any"
"""What a source's ``vlan`` says where the VLANs that it tells are not those of the frames."""
LONGEST = 400 * 24 * HOUR
_UNITS = {"ms": NANOSECONDS // 1000, "s": NANOSECONDS, "m": MINUTE, "h": HOUR, "d": 24 * HOUR}
_YEARS = range(1970, 9999)


def parse_length(value: object) -> int:
    """``90s``, ``65m``, ``8d`` → nanoseconds."""
    return _length("bad-length", value, r"(\+?)")


def parse_shift(value: object) -> int:
    """``-1h``, ``+2.5s`` → nanoseconds."""
    return _length("bad-offset", value, r"([+-]?)")


def _length(code: str, value: object, sign: str) -> int:
    found = re.fullmatch(sign + r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|[smhd])", str(value), re.ASCII)
    length = int(Decimal(found[2]) * _UNITS[found[3]]) if found else LONGEST + 1
    if not found or length > LONGEST:
        hint = "write a number with ms, s, m, h or d: 90s, 65m, 8d" + (", -1h" if "-" in sign else "")
        raise defect(code, f"{quoted(value)} is no length of time", hint)
    return -length if found[1] == "-" else length


def parse_kind(value: object) -> str:
    """Name a reader."""
    if isinstance(value, str) and value in READERS:
        return value
    hint = did_you_mean(value, READERS) if isinstance(value, str) else None
    raise defect("unknown-kind", f"{quoted(value)} is no kind of source: {listing(READERS, 20)}", hint)


def parse_name(value: object) -> str:
    """Name a source; results name it with its lines."""
    name = scalars.parse_id(value)
    if name == CAPTURE:
        raise defect("reserved-name", f"'{CAPTURE}' is what the captures themselves show", "choose another name")
    return name


def parse_vlan(value: object) -> int | str:
    """A VLAN id, or ``any``."""
    return value if value == ANY_VLAN and isinstance(value, str) else scalars.parse_vlan(value)


def parse_year(value: object) -> int:
    """A year of four digits."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in _YEARS:
        raise defect("bad-year", f"{quoted(value)} is no year", "write 2026")
    return value


Version = Annotated[int, version("identity")]
Name = Annotated[str, text(parse_name, pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
Kind = Annotated[str, Written(parse_kind, {"enum": sorted(READERS)})]
Length = Annotated[int, text(parse_length, pattern=r"^[0-9.]+ ?(ms|[smhd])$", examples=["90s", "65m", "8d"])]
Shift = Annotated[int, text(parse_shift, pattern=r"^[+-]?[0-9.]+ ?(ms|[smhd])$", examples=["-1h", "2.5s"])]
Vlan = Annotated[
    int | str, Written(parse_vlan, {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 4094}, {"const": ANY_VLAN}]})
]
Year = Annotated[int, Written(parse_year, {"type": "integer", "minimum": _YEARS.start, "maximum": _YEARS.stop - 1})]
TrustField = Annotated[Trust, member(Trust, "trust")]
PatternText = Annotated[str, text(scalars.parse_line, minLength=1, examples=["leases/dhcpd.leases*"])]
