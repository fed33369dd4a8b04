"""Tests of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from auditor.evidence.schema import metadata

if TYPE_CHECKING:
    from auditor.evidence.store import Store


def test_migrations_make_what_the_tables_say(store: Store) -> None:
    """Nothing more and nothing less, in both databases."""
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []
