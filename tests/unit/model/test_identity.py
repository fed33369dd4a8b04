"""Statements of identity sources."""

from __future__ import annotations

from auditor.model.identity import SourceLine, Trust


def test_a_log_in_goes_before_a_lease_and_a_lease_before_a_list() -> None:
    """The order of trust is written down once, least first."""
    assert sorted(Trust) == [Trust.LISTED, Trust.NEIGHBOUR, Trust.LEASED, Trust.SEEN, Trust.AUTHENTICATED]


def test_a_line_is_named_by_source_file_and_number() -> None:
    """That is what an attribution shows of it, never its text."""
    assert str(SourceLine("office", "dhcpd.leases", 17)) == "office dhcpd.leases:17"
