"""Tests of what people note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.evidence import reading
from auditor.evidence.note import counts, note
from auditor.evidence.reading import UNREVIEWED, Filter
from auditor.evidence.recorder import Recorder
from tests.build.evidence import MAKER, change, incident

if TYPE_CHECKING:
    from auditor.evidence.store import Store


@pytest.fixture
def noted(store: Store) -> Store:
    """A store with two incidents."""
    made = Recorder(run=MAKER, sensor="office")
    store.append([record for number in (1, 2) for record in made.of_change(change(incident(number)))])
    return store


def test_notes_are_appended(noted: Store) -> None:
    """The last one is the incident's status; all of them stay, and are counted."""
    one = incident(1).id
    note(noted, one, status="reviewed", by="compliance", reason="looked at")
    note(noted, one, status="false-positive", by="compliance", reason="a build\nserver\x1b[31m")

    listed = {each.id: each.status for each in reading.incidents(noted, Filter())}
    told = reading.history(noted, one).notes

    assert listed == {one: "false-positive", incident(2).id: UNREVIEWED}
    assert [each.body for each in told] == [
        {"incident": one, "status": "reviewed"}, {"incident": one, "status": "false-positive"},
    ]  # fmt: skip
    assert told[1].identifying == {"by": "compliance", "reason": "a build\\nserver\\x1b[31m"}
    assert counts(noted) == {"reviewed": 1, "false-positive": 1, "resolved": 0}
    assert [each.id for each in reading.incidents(noted, Filter(status="false-positive"))] == [one]
    assert [each.id for each in reading.incidents(noted, Filter(status=UNREVIEWED))] == [incident(2).id]


def test_a_note_says_who_and_why(noted: Store) -> None:
    """And about an incident that is there."""
    for by, reason in (("", "because"), ("me", " ")):
        with pytest.raises(ValueError, match="who notes it and why"):
            note(noted, incident(1).id, status="reviewed", by=by, reason=reason)
    with pytest.raises(ValueError, match="at most"):
        note(noted, incident(1).id, status="reviewed", by="me", reason="x" * 3000)
    with pytest.raises(LookupError, match="no incident"):
        note(noted, MAKER, status="reviewed", by="me", reason="because")

    assert counts(noted) == {"reviewed": 0, "false-positive": 0, "resolved": 0}
