"""The types of the identity file's own fields, as :mod:`auditor.written.fields` has those of any file."""

from __future__ import annotations

from typing import Annotated

from auditor.identity.readers.registry import READERS
from auditor.identity.tolerance import CAPTURE
from auditor.model.identity import Trust
from auditor.written import scalars
from auditor.written.fields import Written, member, text, version
from auditor.written.issue import did_you_mean, listing, quoted
from auditor.written.scalars import defect

ANY_VLAN = "any"
"""What a source's ``vlan`` says where the VLANs that it tells are not those of the frames."""
_YEARS = range(1970, 9999)


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
Vlan = Annotated[
    int | str, Written(parse_vlan, {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 4094}, {"const": ANY_VLAN}]})
]
Year = Annotated[int, Written(parse_year, {"type": "integer", "minimum": _YEARS.start, "maximum": _YEARS.stop - 1})]
TrustField = Annotated[Trust, member(Trust, "trust")]
PatternText = Annotated[str, text(scalars.parse_line, minLength=1, examples=["leases/dhcpd.leases*"])]
