"""Tests of ``auditor evidence``."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from auditor.cli.evidence import STATUSES
from auditor.cli.exit_code import ExitCode
from auditor.evidence import note, reading
from auditor.evidence.recorder import Recorder
from auditor.evidence.store import open_store
from auditor.model.watch import Delta, FlowSeen
from tests.build.evidence import MAKER, change, frame, incident
from tests.build.sighting import EMPLOYEE, FILM, HOURS, NINE, OUTSIDER, connection

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

GUESTS, STAFF = incident(1).id, incident(2).id


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with two incidents."""
    folder = str(tmp_path / "evidence")
    made = Recorder(run=MAKER, sensor="office")
    staff = incident(2, host=EMPLOYEE, at=NINE + 4 * HOURS, group="staff")
    seen = Delta(flows=(FlowSeen(1, connection(EMPLOYEE, OUTSIDER), is_over=True),), slices=(frame(4),))
    with open_store(folder) as opened:
        opened.append(made.of_turn(seen, [change(incident(1)), change(staff)]))
    return folder


def test_list(run: Run, store: str) -> None:
    """A table that fits; people as the policy let them be shown; words on stderr."""
    ended = run("evidence", "list", "--store", store)

    assert ended.code == ExitCode.OK
    assert [line for line in ended.out.splitlines() if EMPLOYEE in line or "10.40.0.9" in line]
    assert max(map(len, ended.out.splitlines())) <= 100
    assert "52:54:00" not in ended.out
    assert "The Secret Film" not in ended.out
    assert ended.err == f"auditor: 2 incidents in {store}\n" or "2 incidents" in ended.err


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--group", "guests"], [GUESTS]),
        (["--from", "2026-11-22T11:00:00Z"], [STAFF]),
        (["--to", "2026-11-22T11:00:00Z"], [GUESTS]),
        (["--host", EMPLOYEE], [STAFF]),
        (["--infohash", str(FILM).upper()], [STAFF, GUESTS]),
        (["--verdict", "violation", "--severity", "high", "--limit", "1"], [STAFF]),
        (["--status", "unreviewed", "--verdict", "allow"], []),
    ],
)
def test_filters(run: Run, store: str, options: list[str], found: list[str]) -> None:
    """As JSON, for programs."""
    ended = run("evidence", "list", "--store", store, "--format", "json", *options)

    assert [each["id"] for each in json.loads(ended.out)["incidents"]] == found


def test_json_shows_no_more_than_text(run: Run, store: str) -> None:
    """No device where people are pseudonyms, and no torrent's name unless it is asked for."""
    ended = run("evidence", "list", "--store", store, "--format", "json")
    asked = run("evidence", "list", "--store", store, "--format", "json", "--show-names")

    assert "52:54:00" not in ended.out
    assert "The Secret Film" not in ended.out
    assert "The Secret Film" in asked.out
    first = json.loads(ended.out)["incidents"][0]
    assert first["attribution"]["subject"] == "p-0123456789"
    assert first["host"] == EMPLOYEE


def test_show(run: Run, store: str, tmp_path: Path) -> None:
    """All that led to an incident, and the frames that prove it in a file that is its owner's alone."""
    proof = tmp_path / "proof.pcapng"

    ended = run("evidence", "show", GUESTS[-12:], "--store", store, "--pcap", str(proof))
    whole = run("evidence", "show", GUESTS, "--store", store, "--format", "json")

    for words in (
        "violation, severity high, rule no-sharing",
        "ambiguous: guests, p-0123456789",
        "bt.handshake",
        "tcp",
    ):
        assert words in ended.out
    assert proof.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")
    assert stat.S_IMODE(proof.stat().st_mode) == 0o600
    told = json.loads(whole.out)
    assert told["incident"] == GUESTS
    assert [len(told[kind]) for kind in ("versions", "verdicts", "attributions", "flows")] == [1, 1, 1, 1]
    assert len(told["observations"][0]["leaf"]) == 64


def test_note(run: Run, store: str) -> None:
    """It is appended, and shown with the incident."""
    words = ("--by", "A. Lee", "--reason", "talked to them")
    ended = run("evidence", "note", GUESTS, "--store", store, "--status", "resolved", *words)
    shown = run("evidence", "show", GUESTS, "--store", store)
    listed = run("evidence", "list", "--store", store, "--status", "resolved", "--format", "json")

    assert ended.code == ExitCode.OK
    assert "resolved, by A. Lee: talked to them" in shown.out
    assert [each["id"] for each in json.loads(listed.out)["incidents"]] == [GUESTS]


def test_purge(run: Run, store: str) -> None:
    """Not before it is asked for in earnest; what it was stays told as far as that may be."""
    dry = run("evidence", "purge", "--store", store, "--keep", "1s", "--dry-run")
    done = run("evidence", "purge", "--store", store, "--keep", "1s", "--keep", "staff=4000d", "--by", "me")
    again = run("evidence", "purge", "--store", store, "--keep", "1s", "--keep", "staff=4000d", "--format", "json")
    shown = run("evidence", "show", GUESTS, "--store", store)
    listed = run("evidence", "list", "--store", store)

    assert "would lose" in dry.out
    assert "lost" in done.out
    assert json.loads(again.out)["records"] == 0
    assert "(deleted)" in shown.out
    assert "p-0123456789" not in shown.out
    assert "(deleted)" in listed.out
    assert EMPLOYEE in listed.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list",), ExitCode.USAGE, "Missing option '--store'"),
        (("list", "--store", "STORE", "--host", "nobody"), ExitCode.USAGE, "--host: 'nobody'"),
        (("list", "--store", "STORE", "--infohash", "ab"), ExitCode.USAGE, "40 or 64 hexadecimal digits"),
        (("list", "--store", "/nonexistent"), ExitCode.UNREADABLE, "there is no store at /nonexistent"),
        (("list", "--store", "mysql://x"), ExitCode.UNREADABLE, "SQLite or PostgreSQL"),
        (("show", "ffff", "--store", "STORE"), ExitCode.USAGE, "there is no incident 'ffff'"),
        (("purge", "--store", "STORE"), ExitCode.USAGE, "say how long records are kept"),
        (("purge", "--store", "STORE", "--keep", "guests=1d"), ExitCode.USAGE, "add one for all others"),
        (
            ("note", GUESTS, "--store", "STORE", "--status", "resolved", "--by", " ", "--reason", "x"),
            ExitCode.USAGE, "who notes it and why",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(run: Run, store: str, words: tuple[str, ...], code: ExitCode, said: str) -> None:
    """In a sentence, with its exit code."""
    ended = run("evidence", *(store if word == "STORE" else word for word in words))

    assert ended.code == code
    assert said in ended.err


def test_words_are_the_stores(run: Run, store: str) -> None:
    """The statuses that options take are those that notes have."""
    assert STATUSES == note.STATUSES
    assert reading.UNREVIEWED in run("evidence", "list", "--store", store).out
