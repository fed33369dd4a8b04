"""The record that says whose an address was, and the source's lines behind it."""

from __future__ import annotations

import gzip
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from auditor.audit import record
from auditor.audit.record import SourceTexts, clock
from auditor.identity.directory import Directory
from auditor.identity.load import Identity, load
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.pipeline.part import Host

if TYPE_CHECKING:
    from pathlib import Path

HOST = Host("default", ip_address("10.20.0.31"), (), None)
HOUR = 3600 * 10**9
NINE = 1_795_338_000 * 10**9
LINE = SourceLine("list", "list.csv", 2)
ROWS = ("valid_from,valid_to,ip,user", "2026-11-22T09:00:00Z,2026-11-22T10:00:00Z,10.20.0.31,al\x1b[2Jice")


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    """Return an identity file with one list, the second of two packed."""
    (tmp_path / "list.csv").write_text("\n".join(ROWS), "utf-8")
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress("\n".join(ROWS).encode()))
    path = tmp_path / "identity.yaml"
    path.write_text(
        "version: 1\nsources:\n  - {name: list, kind: intervals, files: 'list.csv*', clock: {offset: 0s}}\n"
    )
    return load(path)


def _directory(*held: Tenancy) -> Directory:
    return Directory(held, {"list": Offset("declared")})


def _held(start: int, end: int | None, user: str) -> Tenancy:
    return Tenancy(start, end, Trust.LEASED, LINE, ip=HOST.ip, user=user)


def test_a_record_knows_from_when_to_when_it_holds() -> None:
    """By the neighbours that say otherwise; what has no neighbour has no end."""
    directory = _directory(_held(NINE, NINE + HOUR, "alice"), _held(NINE + HOUR, None, "bob"))
    first = record.record(directory, HOST, NINE + 5)
    assert (first.holders[0].user, first.since, first.until) == ("alice", NINE, NINE + HOUR - 1)
    second = record.record(directory, HOST, NINE + 5 * HOUR)
    assert (second.holders[0].user, second.since, second.until) == ("bob", NINE + HOUR, None)
    before = record.record(directory, HOST, NINE - 1)
    assert (before.holders, before.since, before.until) == ((), None, NINE - 1)


def test_where_more_is_said_than_can_be_asked_at_once_less_is_asked() -> None:
    """A neighbourhood is looked at that is small enough to be answered."""
    held = [_held(NINE + n * 10**9, NINE + (n + 1) * 10**9, f"user-{n % 7}") for n in range(9000)]
    found = record.record(_directory(*held), HOST, NINE + 8000 * 10**9 + 5)
    assert found.holders[0].user == f"user-{8000 % 7}"
    assert (found.since, found.until) == (NINE + 8000 * 10**9, NINE + 8001 * 10**9 - 1)


def test_the_document_names_nobody() -> None:
    """Lines and reasons only; whoever may know asks for the people."""
    found = record.record(_directory(_held(NINE, NINE + HOUR, "alice")), HOST, NINE)
    assert "alice" not in str(record.document(found))
    assert record.document(found)["holders"][0]["lines"] == ["list list.csv:2"]
    assert record.people(found, SourceTexts(None))[0]["user"] == "alice"


def test_a_line_is_read_again_by_its_number(identity: Identity) -> None:
    """From plain and packed files, with nothing in it that would steer a terminal."""
    texts = SourceTexts(identity)
    told = "2026-11-22T09:00:00Z,2026-11-22T10:00:00Z,10.20.0.31,al\\x1b[2Jice"
    assert texts.of(SourceLine("list", "list.csv", 2)) == told
    assert texts.of(SourceLine("list", "list.csv.gz", 2)) == told


@pytest.mark.parametrize(
    "line",
    [
        SourceLine("list", "list.csv", 99),
        SourceLine("list", "/etc/passwd", 1),
        SourceLine("other", "list.csv", 2),
        SourceLine("capture", "x.pcapng", 7),
    ],
)
def test_no_other_file_is_read(identity: Identity, line: SourceLine) -> None:
    """Only those that the identity file names; a frame has no text."""
    assert SourceTexts(identity).of(line) is None


def test_a_line_of_a_file_that_went_away_has_no_text(identity: Identity, tmp_path: Path) -> None:
    """It is still named."""
    (tmp_path / "list.csv").unlink()
    assert SourceTexts(identity).of(LINE) is None


def test_long_lines_are_cut(tmp_path: Path, identity: Identity) -> None:
    """A source may be a stranger's."""
    (tmp_path / "list.csv").write_text("x" * 100_000 + "\n" + "y" * 10_000)
    text = SourceTexts(identity).of(LINE)
    assert text is not None
    assert len(text) == record.MAX_TEXT + 1


def test_an_unknown_clock_is_not_told_as_a_right_one() -> None:
    """What is not known is null: 0 would say that the clock is right."""
    assert clock(Offset("unknown")) == {
        "basis": "unknown",
        "offset_seconds": None,
        "margin_seconds": None,
        "matches": 0,
    }
    assert clock(None) is None
