"""Tests of what the two databases do differently."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from auditor.evidence.backend import BadUrl, Sqlite, backend_of
from auditor.evidence.store import Store, StoreError, open_store
from tests.build.evidence import record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/var/lib/auditor", "/var/lib/auditor/evidence.sqlite"),
        ("evidence", "evidence/evidence.sqlite"),
        ("old.sqlite", "old.sqlite"),
        ("sqlite:////var/lib/auditor/e.sqlite", "/var/lib/auditor/e.sqlite"),
        ("postgresql://a:b@host/db", "postgresql://a:***@host/db"),
        ("postgres://host/db", "postgresql://host/db"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    """A folder, a file or a server; no password is shown."""
    assert backend_of(url).shown == shown


def test_a_bad_url_shows_no_password() -> None:
    """However broken it is."""
    with pytest.raises(BadUrl) as told:
        backend_of("postgresql://a:secret@host:port/db")

    assert "secret" not in str(told.value)


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a PostgreSQL is told what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match=r"pip install 'auditor\[postgres\]'"):
        open_store("postgresql://host/db")


def test_durable(store: Store) -> None:
    """Each commit is on the disk, whatever the server's own settings say."""
    with store.reading() as connection:
        if store.backend.name == "sqlite":
            told = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
            assert told == ["wal", 2]
        else:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_file_that_went_away(tmp_path: Path) -> None:
    """Is no empty store."""
    with open_store(str(tmp_path)) as store:
        store.append([record()])
    backend = Sqlite(tmp_path / "evidence.sqlite")
    engine = backend.engine(create=False)
    for path in tmp_path.iterdir():
        path.unlink()

    with pytest.raises(Exception, match="unable to open"):
        engine.connect()
