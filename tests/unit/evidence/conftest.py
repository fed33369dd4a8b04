"""Stores of both kinds, new for each test; PostgreSQL's server is started once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.evidence.store import Store, open_store
from tests.build.postgres import Missing, Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server."""
    try:
        server = Postgres()
    except Missing as problem:
        pytest.skip(str(problem))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "evidence")
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(url)
    yield opened
    opened.close()
