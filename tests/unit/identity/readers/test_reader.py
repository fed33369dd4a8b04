"""auditor.identity.readers.reader."""

from __future__ import annotations

from auditor.identity.readers.reader import Reading
from auditor.model.identity import SourceLine


def test_a_reading_names_its_lines() -> None:
    """Source, file and number: never what the line says."""
    assert Reading("dhcp", "leases/dhcpd.leases").at(7) == SourceLine("dhcp", "leases/dhcpd.leases", 7)
