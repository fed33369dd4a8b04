"""The web configuration while it changes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from auditor.metrics.web_in_force import MIN_AGE, WebInForce
from auditor.written.in_force import Unusable
from tests.unit.metrics.test_passwords import HASH, basic

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self) -> None:
        """Let enough time pass for files to be looked at again."""
        self.now += 2 * MIN_AGE


def test_without_a_file_nothing_is_closed() -> None:
    """Loopback is the default."""
    assert WebInForce(None).web().passwords.allow(None)


def test_a_bad_file_at_the_beginning_is_refused(tmp_path: Path) -> None:
    """A sensor that begins open where it should be closed is worse than one that does not begin."""
    path = tmp_path / "web.yml"
    path.write_text("basic_auth_users: {a: b}\n")

    with pytest.raises(Unusable, match="bad-hash"):
        WebInForce(path)


def test_a_changed_file_is_in_force_soon(tmp_path: Path) -> None:
    """Without a signal or a restart."""
    path, clock = tmp_path / "web.yml", Clock()
    path.write_text("")
    door = WebInForce(path, clock)
    path.write_text(f"basic_auth_users: {{prometheus: {HASH}}}\n")

    assert door.web().passwords.allow(None)
    clock.advance()

    assert not door.web().passwords.allow(None)
    assert door.web().passwords.allow(basic("prometheus", "correct horse"))


def test_a_file_that_goes_bad_changes_nothing_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was closed stays closed."""
    caplog.set_level(logging.INFO)
    path, clock = tmp_path / "web.yml", Clock()
    path.write_text(f"basic_auth_users: {{prometheus: {HASH}}}\n")
    door = WebInForce(path, clock)
    path.write_text("basic_auth_users: {prometheus: oops}\n")

    for _ in range(3):
        clock.advance()
        assert not door.web().passwords.allow(None)

    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "bad-hash" in caplog.text
    assert "oops" not in caplog.text


def test_a_file_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    """And one that comes back is read."""
    path, clock = tmp_path / "web.yml", Clock()
    path.write_text(f"basic_auth_users: {{prometheus: {HASH}}}\n")
    door = WebInForce(path, clock)
    path.unlink()
    clock.advance()
    assert not door.web().passwords.allow(None)

    path.write_text("")
    clock.advance()

    assert door.web().passwords.allow(None)


def test_files_are_not_looked_at_for_every_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of connections is none of reads."""
    path, clock = tmp_path / "web.yml", Clock()
    path.write_text("")
    door = WebInForce(path, clock)
    monkeypatch.setattr("auditor.metrics.web_in_force._marks", lambda _files: pytest.fail("looked"))

    assert door.web() is door.web()
