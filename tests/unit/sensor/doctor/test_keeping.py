"""Checks of where evidence is kept."""

from __future__ import annotations

import shutil
from collections import namedtuple
from typing import TYPE_CHECKING

import pytest

from auditor.evidence.store import open_store
from auditor.sensor.doctor import keeping
from tests.build.doctor import case

if TYPE_CHECKING:
    from pathlib import Path

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


def test_a_store_that_is_not_there_will_be_made(tmp_path: Path) -> None:
    """And is not made by looking."""
    looked_at = case(tmp_path)
    (found,) = keeping.can_be_written(looked_at)
    assert (found.status, "first start" in found.found) == ("right", True)
    assert not (tmp_path / "state").exists()


def test_a_store_that_is_there_is_opened(tmp_path: Path) -> None:
    """One that is none is told."""
    looked_at = case(tmp_path)
    assert looked_at.config is not None
    open_store(looked_at.config.store.url).close()
    assert [each.status for each in keeping.can_be_written(looked_at)] == ["right"]
    for each in (tmp_path / "state").iterdir():
        each.write_bytes(b"nothing of the kind" * 100)
    assert [each.status for each in keeping.can_be_written(looked_at)] == ["wrong"]


def test_a_database_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    """Without its password."""
    url = "postgresql://auditor:hunter2@127.0.0.1:1/auditor"
    (found,) = keeping.can_be_written(case(tmp_path, f"store: {url}\n"))
    assert found.status == "wrong"
    assert "hunter2" not in found.found


@pytest.mark.parametrize(("free", "status"), [(100 << 20, "wrong"), (1 << 30, "doubtful"), (5 << 30, "right")])
def test_room_on_disk_is_told_once_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    """Before the sensor has none left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 << 30, 0, free))
    assert [each.status for each in keeping.have_room(case(tmp_path))] == [status]
