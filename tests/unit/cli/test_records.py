"""How it reads whose an address was."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from click import unstyle

from auditor.audit.lookup import Checked, Found, Held
from auditor.audit.record import Record
from auditor.cli import records
from auditor.identity.load import Refusal
from auditor.model.attribution import Attribution, Candidate
from auditor.model.identity import FileRead, Holder, Offset, SourceLine, SourceRead, Tenure, Trust
from auditor.pipeline.part import Host
from auditor.written.issue import Issue

NINE = 1_795_338_000 * 10**9
LINE = SourceLine("dhcp", "dhcpd.leases", 17)
HOLDER = Holder(Trust.LEASED, (LINE,), mac="52:54:00:12:34:56", user="alice", standing="most trusted: dhcp lease")
MEASURED = Offset("measured", -3_600_000_000_000, 20_000_000, 4)


def test_a_record_has_its_interval_its_lines_and_its_clock() -> None:
    """And the other candidates; it names nobody but as the attribution does."""
    known = Record(Tenure(NINE, NINE, "attributed", (HOLDER,), MEASURED), NINE, None)
    other = Candidate("guests", None, "list list.csv:3", "less trusted: list")
    attribution = Attribution(
        "staff", "attributed", "p-abc", "network 10.20.0.0/16", (other,), (str(LINE),), "measured"
    )
    assert list(records.attribution_text(attribution, known, 100)) == [
        "  attributed: group staff, p-abc",
        "  by network 10.20.0.0/16",
        "  so from 2026-11-22 09:00:00 UTC on, by the capture's clock",
        "  record: most trusted: dhcp lease",
        "    dhcp dhcpd.leases:17",
        "  clock: measured: -3600 s, give or take 0 s, by 4 events",
        "  candidate: group guests, by list list.csv:3: less trusted: list",
    ]


def test_what_no_source_knows_is_said() -> None:
    """Nobody, or too much; or that none was asked."""
    attribution = Attribution("staff", "attributed")
    for status, words in (("unattributed", "no identity source speaks of it"), ("ambiguous", "can be weighed")):
        known = Record(Tenure(NINE, NINE, status), None, None)  # type: ignore[arg-type]
        assert words in "\n".join(records.attribution_text(attribution, known, 100))
    assert list(records.attribution_text(attribution, None, 100))[-1] == "  no identity source was asked"


def test_people_stand_with_the_lines_that_say_so() -> None:
    """Whoever may see them sees where it comes from."""
    person = {"user": "al\x1bice", "host": None, "mac": "52:54:00:12:34:56", "duid": None, "groups": ["a", "b"]}
    lines = [{"line": "dhcp dhcpd.leases:17", "text": "lease 10.20.0.31 {"}, {"line": "capture x:3", "text": None}]
    assert [unstyle(line) for line in records.people_text([{**person, "lines": lines}], 100)][1:] == [
        "  user al\\x1bice, mac 52:54:00:12:34:56, in a, b",
        "    dhcp dhcpd.leases:17",
        "      lease 10.20.0.31 {",
        "    capture x:3",
        "      (the line cannot be read again)",
    ]


def test_a_check_tells_issues_then_sources() -> None:
    """Each with its files, lines, refusals, time and clock."""
    read = SourceRead("dhcp", "isc-dhcpd", (FileRead("dhcpd.leases", "00", 1200, 1),), Offset("unknown"))
    held = Held(read, 900, NINE, NINE + 10**9, (Refusal("dhcp", "dhcpd.leases", 5, "no time"),))
    issue = Issue("missing-zone", "odd", "identity.yaml", 0, 0, severity="warning")
    lines = [
        unstyle(line)
        for line in records.check_text(Checked(Path("identity.yaml"), (issue,), "00", (held,), "too much"), 120)
    ]
    assert lines == [
        "identity.yaml: missing-zone (warning): odd",
        "identity.yaml: too much",
        "dhcp (isc-dhcpd): 1 file, 1,200 lines, 1 refused, 900 statements",
        "  from 2026-11-22 09:00:00 to 2026-11-22 09:00:01 UTC, by its own clock",
        "  clock: unknown",
        "  dhcpd.leases:5: no time",
    ]


def test_addresses_are_told_with_their_time() -> None:
    """In the first line."""
    known = Record(Tenure(NINE, NINE, "unattributed"), None, None)
    host = Host("default", ip_address("10.20.0.31"), (), None)
    found = Found(host, NINE, None, Attribution("unattributed", "unattributed"), known, "00")
    assert [unstyle(line) for line in records.found_text(found, 100)] == [
        "10.20.0.31 at 2026-11-22 09:00:00 UTC",
        "  unattributed",
        "  no identity source speaks of it",
    ]
