"""The record of who looked at people."""

from __future__ import annotations

import getpass
import json
import os
import stat
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from auditor.audit import access

if TYPE_CHECKING:
    from pathlib import Path


def _note(log: Path, reason: str = "complaint 17") -> None:
    access.note(
        log,
        command="identity lookup",
        address=ip_address("10.20.0.31"),
        at=1_795_345_200 * 10**9,
        reason=reason,
        lines=["list list.csv:2"],
        policy=None,
    )


def test_one_line_says_who_looked_at_whom_and_why(tmp_path: Path) -> None:
    """Readable by its owner alone; the next is appended."""
    log = tmp_path / "access.jsonl"
    _note(log)
    _note(log, "a reason\non two lines\u2028and one more")

    first, second = (json.loads(line) for line in log.read_text("ascii").splitlines())

    assert {key: first[key] for key in ("schema", "command", "address", "at", "reason", "lines", "policy")} == {
        "schema": "auditor.access/1",
        "command": "identity lookup",
        "address": "10.20.0.31",
        "at": "2026-11-22T11:00:00.000000000Z",
        "reason": "complaint 17",
        "lines": ["list list.csv:2"],
        "policy": None,
    }
    assert getpass.getuser() in first["user"]
    assert second["reason"] == "a reason\non two lines\u2028and one more"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_behind_sudo_the_caller_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where root runs it: anyone may set a variable."""
    monkeypatch.setenv("SUDO_USER", "carol")
    for uid, told in ((0, True), (1000, False)):
        monkeypatch.setattr(os, "getuid", lambda uid=uid: uid)
        _note(tmp_path / f"{uid}.jsonl")
        user = json.loads((tmp_path / f"{uid}.jsonl").read_text())["user"]
        assert user.startswith("carol (as ") is told


@pytest.mark.parametrize("what", ["folder", "missing", "link"])
def test_what_cannot_be_written_is_an_error(tmp_path: Path, what: str) -> None:
    """A folder, a path into nowhere, a link that leads elsewhere."""
    log = tmp_path
    if what == "missing":
        log = tmp_path / "none" / "access.jsonl"
    if what == "link":
        log = tmp_path / "access.jsonl"
        log.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"directory|symbolic"):
        _note(log)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line is no record."""
    monkeypatch.setattr(os, "write", lambda _file, content: len(content) // 2)
    with pytest.raises(OSError, match="full"):
        _note(tmp_path / "access.jsonl")
