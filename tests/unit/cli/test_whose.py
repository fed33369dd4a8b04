"""How it reads whose an address was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from auditor.cli import whose
from auditor.identity.load import Refusal
from auditor.model.attribution import Attribution, Candidate
from auditor.model.identity import FileRead, IdentityRead, Offset, SourceRead
from auditor.model.scale import People

if TYPE_CHECKING:
    from auditor.identity.load import Built

LINE = "office dhcpd.leases:17"


def test_a_holder_stands_below_the_incident_with_its_line() -> None:
    """The first lines of many, and how well the clock is known where it was not measured."""
    sure = Attribution("guests", "attributed", "p-abc", "network 10.40.0.0/16", (), (LINE,), "measured")

    assert list(whose.words(sure)) == [f"held by p-abc: {LINE}"]
    assert list(whose.words(sure._replace(clock="unknown", lines=(LINE,) * 5))) == [
        f"held by p-abc: {LINE}, {LINE} and 3 more (its clock: unknown)"
    ]


def test_where_nothing_tells_every_candidate_is_named() -> None:
    """With what it rests on and why it is no more than one of them."""
    found = (Candidate("guests", "p-abc", LINE, "tied"), Candidate("staff", None, "network 10.0.0.0/8", "nobody"))
    tied = Attribution("unattributed", "ambiguous", None, None, found, (LINE,), "unknown")

    assert list(whose.words(tied)) == [
        "held by one of these, nothing tells which (its clock: unknown):",
        f"  p-abc, guests: {LINE}; tied",
        "  nobody known, staff: network 10.0.0.0/8; nobody",
    ]


def test_without_sources_nothing_is_said() -> None:
    """The group's column says all there is."""
    assert list(whose.words(Attribution("guests", "attributed", source="network 10.40.0.0/16"))) == []


def test_sources_and_warnings_say_how_far_they_can_be_relied_on() -> None:
    """Lines, clocks, what was left out, and that pseudonyms are of this result alone."""
    files = (FileRead("dhcpd.leases", "ab" * 32, 1200, 3),)
    read = IdentityRead(
        "cd" * 32,
        (
            SourceRead("office", "isc-dhcpd", files, Offset("measured", -3600 * 10**9, 10**9, 12)),
            SourceRead("vpn", "freeradius", (), Offset("unknown")),
        ),
    )
    refusals = (Refusal("office", "dhcpd.leases", 7, "no time"),)
    built = cast("Built", SimpleNamespace(read=read, refusals=refusals))

    assert list(whose.sources(read)) == [
        "office (isc-dhcpd): 1,200 lines, clock measured: -3600 s, give or take 1 s, by 12 events",
        "vpn (freeradius): 0 lines, clock unknown",
    ]
    left_out, more, clocks, pseudonyms = whose.warnings(built, People.PSEUDONYM, keyed=False)
    assert left_out == "dhcpd.leases:7: no time (left out)"
    assert more.startswith("2 more lines")
    assert "vpn" in clocks
    assert "--key-file" in pseudonyms
    assert len(list(whose.warnings(built, People.NAMED, keyed=False))) == 3
