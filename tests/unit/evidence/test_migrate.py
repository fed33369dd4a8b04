"""Tests of bringing a store to this program's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

from auditor.evidence.migrate import HEAD, KNOWN, version
from auditor.evidence.store import open_store
from tests.build.evidence import record

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_newest_version_is_known() -> None:
    """What is asked without Alembic is what Alembic has."""
    config = Config()
    config.set_main_option("script_location", "auditor.evidence:migrations")
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == KNOWN


def test_it_works_anywhere(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder the program was called in, and whatever stands there."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n", "utf-8")
    monkeypatch.chdir(tmp_path)

    with open_store(url) as store:
        store.append([record()])
        with store.reading() as connection:
            assert version(connection) == HEAD
