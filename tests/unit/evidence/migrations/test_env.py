"""Tests of Alembic's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect

from auditor.evidence.backend import Sqlite
from auditor.evidence.migrate import migrate

if TYPE_CHECKING:
    from pathlib import Path


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """It runs within the transaction that it is given."""
    engine = Sqlite(tmp_path / "evidence.sqlite").engine(create=True)

    def attempt() -> None:
        with engine.connect() as connection, connection.begin():
            migrate(connection)
            assert inspect(connection).has_table("records")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        attempt()

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
