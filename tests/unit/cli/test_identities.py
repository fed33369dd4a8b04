"""What commands need of identity sources."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click
import pytest

from auditor.cli import identities
from auditor.cli.identities import Disclosure
from auditor.identity.columns import TooManyStatements
from tests.build.sighting import sighting

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.identity.load import Built, Identity

ADDRESS = ip_address("10.20.0.31")
IDENTITY = "version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n"


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    """Return an identity file with a list of one line."""
    (tmp_path / "list.csv").write_text("valid_from,valid_to,ip,user\n2026-11-22T09:00:00Z,,10.20.0.31,alice\n")
    (tmp_path / "identity.yaml").write_text(IDENTITY)
    return identities.named(tmp_path / "identity.yaml")


def test_a_bad_identity_file_ends_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With every issue, and the code of wrong usage."""
    (tmp_path / "identity.yaml").write_text("version: 2\n")
    with pytest.raises(SystemExit) as ended:
        identities.named(tmp_path / "identity.yaml")
    assert ended.value.code == 2
    assert "bad-version" in capsys.readouterr().err


def test_sources_are_read_alone_or_beside_captures(identity: Identity) -> None:
    """Either way all that they say is there."""
    for sighted in (None, sighting()):
        assert identities.built(identity, sighted).read.sources[0].files[0].lines == 2


def test_more_than_can_be_kept_is_wrong_usage(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence."""

    def too_many(_: Identity) -> Built:
        raise TooManyStatements

    monkeypatch.setattr(type(identity), "build", too_many)
    with pytest.raises(click.UsageError):
        identities.built(identity)


def test_a_key_that_cannot_serve_is_wrong_usage(tmp_path: Path) -> None:
    """Pseudonyms under a short one could be guessed back."""
    (tmp_path / "key").write_bytes(bytes(32))
    assert identities.key(tmp_path / "key") == bytes(32)
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(click.UsageError, match="5 bytes"):
        identities.key(tmp_path / "key")


def test_people_are_shown_for_a_reason_that_is_recorded(identity: Identity, tmp_path: Path) -> None:
    """Without a reason, a log or sources, it is refused; what serves --show-people is refused without it."""
    log = tmp_path / "log"
    asked = [
        {"show": True, "reason": None, "access_log": log, "identity": identity},
        {"show": True, "reason": "  ", "access_log": log, "identity": identity},
        {"show": True, "reason": "x", "access_log": None, "identity": identity},
        {"show": True, "reason": "x", "access_log": log, "identity": None},
        {"show": False, "reason": "x", "access_log": None, "identity": identity},
        {"show": False, "reason": None, "access_log": log, "identity": identity},
    ]
    for arguments in asked:
        with pytest.raises(click.UsageError):
            Disclosure.asked("identity lookup", **arguments)  # type: ignore[arg-type]
    assert Disclosure.asked("x", show=False, reason=None, access_log=None, identity=identity) is None
    allowed = Disclosure.asked("x", show=True, reason=" why ", access_log=log, identity=identity)
    assert allowed == Disclosure("x", "why", log)


def test_the_identity_file_may_name_the_log(identity: Identity, tmp_path: Path) -> None:
    """The option goes before it."""
    (tmp_path / "identity.yaml").write_text(IDENTITY + "access_log: seen.jsonl\n")
    own = identities.named(tmp_path / "identity.yaml")
    allowed = Disclosure.asked("x", show=True, reason="why", access_log=None, identity=own)
    assert allowed is not None
    assert allowed.log == tmp_path / "seen.jsonl"
    assert identity.access_log is None


def test_what_cannot_be_recorded_is_not_shown(tmp_path: Path) -> None:
    """The command ends before anything is."""
    with pytest.raises(click.UsageError, match="so nothing is shown"):
        Disclosure("x", "why", tmp_path).record(ADDRESS, 0, [], None)
    Disclosure("x", "y" * 1000, tmp_path / "log").record(ADDRESS, 0, [], None)
    assert len(json.loads((tmp_path / "log").read_text())["reason"]) == 500
