"""Directory groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity import enrolments
from auditor.identity.columns import Places
from auditor.identity.enrolments import Enrolments
from auditor.model.identity import Enrolment, SourceLine

if TYPE_CHECKING:
    import pytest


def enrolled(*rows: tuple[str, str] | tuple[str, str, bool]) -> Enrolments:
    """Enrol members in groups, a line each."""
    places = Places()
    made = Enrolments(places)
    for number, (member, group, *nested) in enumerate(rows, 1):
        made.add(Enrolment(member, group, SourceLine("ldap", "groups.ldif", number), nested=bool(nested)))
    places.settle()
    return made


def test_a_user_has_the_groups_that_name_him_with_their_lines() -> None:
    """However the user name is written; the earliest line counts."""
    made = enrolled(("alice", "staff"), ("alice", "staff"), ("alice", "vpn"), ("bob", "guests"))

    assert dict(made.of("Alice", None)) == {
        "staff": SourceLine("ldap", "groups.ldif", 1),
        "vpn": SourceLine("ldap", "groups.ldif", 3),
    }
    assert made.of("carol", "pc") == {}
    assert made.of(None, None) == {}


def test_a_host_has_groups_where_no_user_is_known() -> None:
    """By its name with the domain, or else without."""
    made = enrolled(("pc", "labs"), ("pc2.corp.example", "kiosks"), ("pc2", "labs"))

    assert set(made.of(None, "PC.corp.example.")) == {"labs"}
    assert set(made.of(None, "pc2.corp.example")) == {"kiosks"}
    assert set(made.of("alice", "pc")) == set()


def test_groups_in_groups_are_followed_to_their_end() -> None:
    """Through circles too; a user is no group of the same name."""
    made = enrolled(
        ("alice", "dev"), ("dev", "staff", True), ("staff", "all", True), ("all", "dev", True), ("staff", "root")
    )

    assert list(made.of("alice", None)) == ["all", "dev", "staff"]
    assert set(made.of("staff", None)) == {"root"}


def test_a_member_has_so_many_groups_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an export says."""
    monkeypatch.setattr(enrolments, "MAX_GROUPS", 3)
    made = enrolled(*(("alice", f"g{number}") for number in range(9)))

    assert list(made.of("alice", None)) == ["g0", "g1", "g2"]
