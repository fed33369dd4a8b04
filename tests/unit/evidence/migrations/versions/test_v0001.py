"""Tests of version 1 of the tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import text

from auditor.evidence import schema

if TYPE_CHECKING:
    from auditor.evidence.store import Store


def test_every_table_of_records_is_guarded(store: Store) -> None:
    """Against every kind of change."""
    guarded = {"records", "deletions", "bodies", "identifying", "slices"}
    names = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    if store.backend.name == "postgresql":
        names = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"

    with store.reading() as connection:
        triggers = connection.execute(text(names)).all()

    assert {table for _, table in triggers} == guarded
    per_table = 2 if store.backend.name == "sqlite" else 3  # and TRUNCATE
    counts = Counter(table for _, table in triggers)
    assert counts == {table: per_table if table in {"bodies", "identifying", "slices"} else 2 for table in guarded}
    assert guarded < set(schema.metadata.tables)
