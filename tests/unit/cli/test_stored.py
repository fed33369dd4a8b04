"""Tests of how a store's content reads."""

from __future__ import annotations

import click

from auditor.cli import stored
from auditor.evidence.reading import History, Listed, Stored
from auditor.evidence.recording import Grounds, attribution_record, incident_record, verdict_record
from auditor.evidence.retention import Purged
from auditor.model.scale import People
from tests.build.evidence import change, incident
from tests.build.sighting import NINE


def kept(kind: str = "incident", *, people: People = People.PSEUDONYM, deleted: tuple[str, ...] = ()) -> Stored:
    """A record as it is read from a store."""
    grounds = Grounds("aa" * 32)
    made = {
        "incident": incident_record(change(incident(), people=people), {"flows": []}, grounds),
        "verdict": verdict_record(incident(), NINE, grounds),
        "attribution": attribution_record(incident(), NINE, grounds),
    }
    record = made[kind]
    body = None if "body" in deleted else record.body
    who = None if "identifying" in deleted else record.identifying
    return Stored(7, record.id, kind, record.at, bytes(32), body, who, deleted, has_slices=False)


def test_a_table_fits() -> None:
    """Whatever the room, down to sixty columns."""
    listed = [Listed(incident().id, kept(), "unreviewed")]

    for room in (40, 60, 80, 100, 160, 400):
        lines = [click.unstyle(line) for line in stored.list_text(listed, room, show_names=False)]
        assert max(map(len, lines)) <= max(room, 60)
        assert "violatio" in "".join(lines)


def test_nothing() -> None:
    """An empty store is said to be one."""
    assert list(stored.list_text([], 80, show_names=False)) == [stored.NOTHING]
    assert list(stored.purged_text(Purged(0, {}, {}), dry_run=False)) == ["Nothing in the store is too old."]


def test_devices_are_shown_where_people_are() -> None:
    """And not where they are pseudonyms."""
    named = stored.list_document([Listed("x", kept(people=People.NAMED), "reviewed")], show_names=False)
    hidden = stored.list_document([Listed("x", kept(), "reviewed")], show_names=False)

    assert named["incidents"][0]["mac"] == "52:54:00:12:34:56"
    assert "mac" not in hidden["incidents"][0]


def test_what_was_deleted_is_said_to_be() -> None:
    """In every section, with whatever is left."""
    for deleted in (("identifying",), ("body", "identifying")):
        one, two, three = ((kept(kind, deleted=deleted),) for kind in ("incident", "verdict", "attribution"))
        told = History(incident().id, one, two, three, (), (), ())

        text = "\n".join(stored.history_text(told, 100, show_names=True))

        assert "(deleted)" in text
        assert "10.40.0.9" not in text
