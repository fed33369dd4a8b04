"""``auditor identity``, as a shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

IDENTITY = "version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n"
AT = ("--at", "2026-11-22T09:30:00Z")
POLICY = """\
version: 1
purpose: test
people: PEOPLE
groups:
  - {name: staff, networks: [10.20.0.0/16], default: {verdict: notice, reason: nothing was said}}
  - {name: unattributed, default: {verdict: notice, reason: nobody's}}
  - {name: unknown, default: {verdict: notice, reason: not ours}}
"""


@pytest.fixture
def identity(tmp_path: Path) -> str:
    """Return the path of an identity file with one line."""
    (tmp_path / "list.csv").write_text(
        "valid_from,valid_to,ip,mac,host,user\n"
        "2026-11-22T09:00:00Z,2026-11-22T10:00:00Z,10.20.0.31,52:54:00:aa:bb:cc,alice-laptop,alice\n"
    )
    (tmp_path / "identity.yaml").write_text(IDENTITY)
    return str(tmp_path / "identity.yaml")


@pytest.mark.parametrize("people", ["none", "pseudonym", None])
@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_is_named_unless_the_policy_names_people(
    run: Run, identity: str, tmp_path: Path, people: str | None, form: str
) -> None:
    """Neither a user nor a host name nor a MAC, in any form; without a policy there are pseudonyms."""
    policy = []
    if people is not None:
        (tmp_path / "policy.yaml").write_text(POLICY.replace("PEOPLE", people))
        policy = ["--policy", str(tmp_path / "policy.yaml")]
    ended = run("identity", "lookup", "10.20.0.31", *AT, "--identity", identity, "--format", form, *policy)
    assert ended.code == 0
    assert "list.csv:2" in ended.out
    assert ("p-" in ended.out) is (people != "none")
    for name in ("alice", "52:54:00", "525400"):
        assert name not in ended.out + ended.err


def test_with_leave_people_are_shown_and_the_look_is_recorded(run: Run, identity: str, tmp_path: Path) -> None:
    """The record stands before the output; the line is read again."""
    log = tmp_path / "access.jsonl"
    show = ("--show-people", "--reason", "complaint 17", "--access-log", str(log))
    ended = run("identity", "lookup", "10.20.0.31", *AT, "--identity", identity, *show)
    assert "user alice, host alice-laptop, mac 52:54:00:aa:bb:cc" in ended.out
    assert "10.20.0.31,52:54:00:aa:bb:cc,alice-laptop,alice" in ended.out.replace("\n      ", "")
    (entry,) = map(json.loads, log.read_text().splitlines())
    assert (entry["command"], entry["reason"]) == ("identity lookup", "complaint 17")
    assert entry["lines"] == ["list list.csv:2"]
    told = json.loads(
        run("identity", "lookup", "10.20.0.31", *AT, "--identity", identity, "--format", "json", *show).out
    )
    assert told["persons"][0]["user"] == "alice"
    assert len(log.read_text().splitlines()) == 2


def test_without_leave_nothing_is_shown(run: Run, identity: str, tmp_path: Path) -> None:
    """No reason, no log, or a log that cannot be written."""
    for options in ((), ("--reason", "x"), ("--reason", "x", "--access-log", str(tmp_path / "none" / "log"))):
        ended = run("identity", "lookup", "10.20.0.31", *AT, "--identity", identity, "--show-people", *options)
        assert (ended.code, ended.out) == (2, "")


def test_a_lookup_needs_sources_an_address_and_a_time(run: Run, identity: str) -> None:
    """Each is told in a sentence."""
    for arguments, told in (
        (("10.20.0.31", *AT), "--identity identity.yaml"),
        (("10.20.0.0/16", *AT, "--identity", identity), "is no address"),
        (("10.20.0.31", "--at", "noon", "--identity", identity), "is no time"),
        (("10.20.0.31", *AT, "--identity", identity, "--policy", identity), "missing-purpose"),
    ):
        ended = run("identity", "lookup", *arguments)
        assert ended.code == 2
        assert told in ended.err


def test_a_check_tells_what_sources_hold(run: Run, identity: str, tmp_path: Path) -> None:
    """Exit 2 where a file has an error, with all the others told."""
    (tmp_path / "bad.yaml").write_text("version: 2\n")
    ended = run("identity", "check", identity)
    assert ended.code == 0
    assert "list (intervals): 1 file, 2 lines, 0 refused, 1 statement" in ended.out
    assert ended.err.endswith("1 file checked, 0 errors, 0 warnings\n")
    ended = run("identity", "check", "--format", "json", str(tmp_path / "bad.yaml"), identity)
    assert ended.code == 2
    bad, good = json.loads(ended.out)["files"]
    assert [issue["code"] for issue in bad["issues"]] == ["bad-version"]
    assert good["sources"][0]["statements"] == 1


def test_help_does_not_load_what_looking_up_needs() -> None:
    """``--help`` is quick."""
    probe = "import sys, auditor.cli.identity; sys.exit(bool({'pydantic', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
