"""Identity sources that are read anew while they are in force."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from auditor.identity import load
from auditor.identity.columns import TooManyStatements
from auditor.identity.reload import identity_in_force
from auditor.model.identity import Asked, SourceLine, Tenancy, Trust
from auditor.written.in_force import Unusable

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.identity.load import Built

IDENTITY = "version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n"
HEAD = "valid_from,valid_to,ip,mac,host,user,group\n"
NOON = 1_795_345_200 * 10**9


def _user(built: Built) -> list[str | None]:
    asked = Asked("default", ip_address("10.20.0.31"), (), None, NOON, NOON)
    return [holder.user for holder in built.directory.ask(asked)[0].holders]


def test_what_sources_say_since_is_put_in_force(tmp_path: Path) -> None:
    """The hash is that of all files, so a new line is a new one."""
    (tmp_path / "identity.yaml").write_text(IDENTITY)
    (tmp_path / "list.csv").write_text(HEAD + "2026-01-01T00:00:00Z,,10.20.0.31,,,alice,\n")
    held = identity_in_force(tmp_path / "identity.yaml")
    assert _user(held.state.value) == ["alice"]
    (tmp_path / "list.csv").write_text(HEAD + "2026-01-01T00:00:00Z,,10.20.0.31,,,bob,\n")

    outcome = held.reload()

    assert outcome.accepted
    assert outcome.old != outcome.new == held.state.value.read.sha256
    assert _user(held.state.value) == ["bob"]


def test_a_bad_identity_file_changes_nothing(tmp_path: Path) -> None:
    """The sources as they were read before go on."""
    path = tmp_path / "identity.yaml"
    path.write_text(IDENTITY)
    (tmp_path / "list.csv").write_text(HEAD + "2026-01-01T00:00:00Z,,10.20.0.31,,,alice,\n")
    held = identity_in_force(path)
    path.write_text("sources: none\n")
    assert not held.reload().accepted
    assert _user(held.state.value) == ["alice"]
    with pytest.raises(Unusable):
        identity_in_force(path)


def test_more_than_can_be_kept_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an issue as any other."""
    path = tmp_path / "identity.yaml"
    path.write_text(IDENTITY)
    (tmp_path / "list.csv").write_text(HEAD)
    held = identity_in_force(path)

    def too_many(_: load.Identity) -> Built:
        raise TooManyStatements

    monkeypatch.setattr(load.Identity, "build", too_many)
    assert [issue.code for issue in held.reload().issues] == ["too-many-statements"]


def test_what_stands_beside_the_files_may_be_new_where_they_are_not(tmp_path: Path) -> None:
    """It is put in force under the same hash, once somebody says what that is."""
    path = tmp_path / "identity.yaml"
    path.write_text(IDENTITY)
    (tmp_path / "list.csv").write_text(HEAD)
    held = identity_in_force(path)
    before = held.state
    held.reload()
    assert held.state is before
    line = SourceLine("capture", "mirror0", 7)
    seen = Tenancy(NOON - 1, NOON + 1, Trust.SEEN, line, ip=ip_address("10.20.0.31"), host="phone")
    held.build = lambda identity: identity.build([seen])

    outcome = held.reload()

    assert outcome.old == outcome.new == before.sha256 == held.state.sha256
    asked = Asked("default", ip_address("10.20.0.31"), (), None, NOON, NOON)
    assert [holder.host for holder in held.state.value.directory.ask(asked)[0].holders] == ["phone"]
