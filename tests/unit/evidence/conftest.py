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
    return str(tmp_path / "evidence") if request.param == "sqlite" else str(request.getfixturevalue("database"))


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """An empty database on the server."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(url)
    yield opened
    opened.close()
