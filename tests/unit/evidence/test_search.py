"""Tests of what a record is found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.evidence.record import Record
from auditor.evidence.search import found_by
from tests.build.evidence import record

if TYPE_CHECKING:
    from auditor.evidence.canonical import Json

BODY: dict[str, Any] = {
    "id": record(1, "incident").id,
    "first": "1970-01-01T00:00:00.000000017Z",
    "group": "guests",
    "verdict": "violation",
    "severity": "high",
    "infohashes": {"wire": ["aa"], "v1": "aa", "v2": None, "basis": "read"},
    "flows": ["f1"],
    "activities": ["a1"],
    "merged": ["i1"],
}


def test_an_incident() -> None:
    """By its id, its beginning, what was judged, its torrent, its flows and activities, and its host."""
    found = found_by(record(1, "incident", **BODY))

    assert found.columns == (BODY["id"], 17, "guests", "violation", "high")
    assert found.infohashes == ("aa",)
    assert found.members == ("f1", "a1", "i1")
    assert found.hosts == ("10.20.0.5",)


def test_a_flow() -> None:
    """By both its ends and all its torrents."""
    kept = record(1, "flow", id="f1", infohashes=[{"wire": "aa", "basis": "read"}, {"wire": "bb", "basis": "inferred"}])
    ends: dict[str, Json] = {"orig": {"ip": "10.20.0.5", "port": 1}, "resp": {"ip": "2001:db8::1", "port": 2}}

    found = found_by(kept._replace(identifying=ends))

    assert (found.columns.about, found.infohashes, found.members) == ("f1", ("aa", "bb"), ())
    assert found.hosts == ("10.20.0.5", "2001:db8::1")


def test_nothing() -> None:
    """What somebody wrote otherwise is no error: it is found by nothing."""
    odd = Record("incident", record().id, 0, {"id": 5, "infohashes": 7, "flows": "x", "group": None}, {"host": ["x"]})

    assert found_by(odd) == ((None, None, None, None, None), (), (), ())
    assert found_by(record(1, "coverage")) == ((None, None, None, None, None), (), (), ())
