"""Tests of the store, the same over SQLite and PostgreSQL."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from auditor.evidence import schema
from auditor.evidence.record import Part, leaf
from auditor.evidence.store import Store, StoreError, open_store
from tests.build.evidence import frame, record

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = [
    "UPDATE records SET at = 0",
    "DELETE FROM records",
    "UPDATE bodies SET content = '{}'",
    "DELETE FROM bodies",
    "UPDATE identifying SET content = '{}'",
    "DELETE FROM identifying",
    "UPDATE slices SET salt = content",
    "DELETE FROM slices",
    "INSERT INTO deletions SELECT sequence, 'body', id FROM records; DELETE FROM deletions",
]


def test_what_was_appended_is_there(store: Store) -> None:
    """In its order, with every part, under hashes that can be found again from the parts alone."""
    kept = [record(number)._replace(slices=(frame(number),) if number % 2 else ()) for number in range(20)]

    store.append(kept)

    with store.reading() as connection:
        rows = connection.execute(select(schema.records).order_by(schema.records.c.sequence)).all()
        bodies = {
            row.sequence: Part(row.salt, row.content.encode()) for row in connection.execute(select(schema.bodies))
        }
        frames = {row.sequence: Part(row.salt, row.content) for row in connection.execute(select(schema.slices))}
    assert [row.sequence for row in rows] == list(range(20))
    assert [(row.id, row.kind, row.at) for row in rows] == [(each.id, each.kind, each.at) for each in kept]
    assert set(frames) == {number for number in range(20) if number % 2}
    for row in rows:
        assert bodies[row.sequence].digest == row.body_hash
        assert row.sequence not in frames or frames[row.sequence].digest == row.slices_hash
        hashes = row.body_hash, row.identifying_hash, row.slices_hash
        assert leaf(row.kind, row.id, row.at, *hashes) == row.leaf


def test_a_record_is_kept_once(store: Store) -> None:
    """However often it is offered, alone, among others, or twice at once."""
    store.append([record(1), record(2)])
    store.append([record(2), record(3), record(3)])
    store.append([record(1)])

    with store.reading() as connection:
        ids = connection.scalars(select(schema.records.c.id).order_by(schema.records.c.sequence)).all()
    assert ids == [record(number).id for number in (1, 2, 3)]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_changed(store: Store, change: str) -> None:
    """The database itself refuses it."""
    store.append([record(1)._replace(slices=(frame(1),))])

    def attempt() -> None:
        with store.purging() as connection:
            for statement in change.split("; "):
                connection.execute(text(statement))

    with pytest.raises(StoreError, match="appended, never changed"):
        attempt()
    assert store.count() == 1


def test_a_bad_record_keeps_the_batch_out(store: Store) -> None:
    """All or none."""
    with pytest.raises(ValueError, match="no float"):
        store.append([record(1), record(2, number=0.5)])  # type: ignore[arg-type] # that is the point

    assert store.count() == 0


def test_it_is_opened_again(url: str) -> None:
    """With what is in it, and where it went on."""
    for number in range(3):
        with open_store(url) as store:
            store.append([record(number)])

    with open_store(url, create=False) as store:
        assert store.count() == 3


def test_a_newer_store_is_refused(url: str) -> None:
    """With a sentence, and left as it is."""
    with open_store(url) as store, store.purging() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="has version 9999 of its tables, and this auditor knows"):
        open_store(url)


def test_a_reader_changes_no_older_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes to it brings it up to date."""
    open_store(url).close()
    monkeypatch.setattr("auditor.evidence.store.HEAD", "0002")

    with pytest.raises(StoreError, match="is of an older auditor"):
        open_store(url, create=False)


def test_nothing_is_made_for_a_reader(tmp_path: Path) -> None:
    """Whoever mistypes a folder is told so."""
    with pytest.raises(StoreError, match="there is no store at"):
        open_store(str(tmp_path / "mistyped"), create=False)

    assert not (tmp_path / "mistyped").exists()


def test_two_at_once(url: str) -> None:
    """They append one after the other, and no record is lost or has another's place."""
    stores = [open_store(url) for _ in range(2)]

    def fill(which: int) -> None:
        for number in range(20):
            stores[which].append([record(which * 1000 + number)])

    threads = [threading.Thread(target=fill, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with stores[0].reading() as connection:
        assert sorted(connection.scalars(select(schema.records.c.sequence))) == list(range(40))
    for store in stores:
        store.close()


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    """Folder and files, the journal's too, whatever the umask."""
    before = os.umask(0)
    try:
        store = open_store(str(tmp_path / "evidence"))
        store.append([record()])
    finally:
        os.umask(before)

    folder = tmp_path / "evidence"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.iterdir())) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    store.close()


def test_an_unreachable_server(tmp_path: Path) -> None:
    """Is told without the password."""
    with pytest.raises(StoreError) as told:
        open_store(f"postgresql://auditor:secret@/evidence?host={tmp_path}")

    assert "secret" not in str(told.value)
    assert re.search("connection.* failed", str(told.value))


@pytest.mark.parametrize("bad", ["mysql://host/db", "sqlite://", "://"])
def test_other_urls(bad: str) -> None:
    """Are refused with what would do."""
    with pytest.raises(StoreError, match=r"postgresql://user@host/database"):
        open_store(bad)


def test_errors_show_nothing_of_a_record(store: Store) -> None:
    """Whatever the database complains of, an address is not in it."""
    with pytest.raises(StoreError) as told, store.purging() as connection:
        connection.execute(schema.hosts.insert(), [{"host": "10.66.6.6", "sequence": None}])

    assert "10.66.6.6" not in str(told.value)
    assert isinstance(told.value.__cause__, DBAPIError)


def test_reading_commands_do_without() -> None:
    """The store's libraries are imported by whoever opens one."""
    code = "import sys, auditor.cli.audit, auditor.evidence; print({'sqlalchemy', 'alembic'} & set(sys.modules))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "set()\n"
