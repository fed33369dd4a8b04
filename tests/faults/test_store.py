"""A store that fails: said loudly, bridged by a spool, and caught up with; the sensor watches on."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.faults.running import Files, Sensor
from tests.faults.traffic import office

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 'auditor_frames_total{interface="office.pcapng"}'
needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare (util-linux)"
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A sensor's files."""
    return Files(tmp_path)


def test_a_locked_store_is_waited_for(files: Files, tmp_path: Path) -> None:
    """Metrics and log say that it fails; when it is free again, everything is in it."""
    played = office(tmp_path)
    with Sensor.replaying(files, "--speed", "600", "--loops", "1000000", played) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: files.bodies("incident"))
        with closing(sqlite3.connect(files.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            sensor.wait(lambda: sensor.metric("auditor_store_up") == 0)
            at_failure = sensor.metric(FRAMES)
            sensor.wait(lambda: sensor.metric("auditor_store_spooled_records") > 0)
            sensor.wait(lambda: sensor.metric(FRAMES) > at_failure)
            other.execute("ROLLBACK")
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 1)
        sensor.wait(lambda: sensor.metric("auditor_store_spooled_records") == 0)
        acknowledged = sensor.metric("auditor_store_records_total")
        assert sensor.stop() == 1  # violations
        said = sensor.said()

    assert files.count() >= acknowledged
    assert "locked" in said
    assert not any("10.30." in line for line in said.splitlines())


def test_a_full_disk_is_bridged(files: Files, tmp_path: Path) -> None:
    """What was written stays readable, what comes waits in the spool, and nothing is lost when there is room again."""
    played = office(tmp_path)
    with Sensor.replaying(files, "--speed", "600", "--loops", "1000000", played) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: files.bodies("incident"))
        size = max(path.stat().st_size for path in tmp_path.rglob("evidence*"))
        _, most = resource.prlimit(sensor.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(sensor.process.pid, resource.RLIMIT_FSIZE, (size, most))
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 0)
        before = files.count()
        sensor.wait(lambda: sensor.metric("auditor_store_spooled_records") > 0)
        assert files.count() == before
        resource.prlimit(sensor.process.pid, resource.RLIMIT_FSIZE, (most, most))
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 1)
        sensor.wait(lambda: sensor.metric("auditor_store_spooled_records") == 0)
        metrics = sensor.metrics()
        sensor.stop()

    assert files.count() > before
    assert sum(value for name, value in metrics.items() if name.startswith("auditor_store_dropped")) == 0
    with closing(sqlite3.connect(files.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.lab
@needs_mounts
def test_a_read_only_store_does_not_stop_the_watching(tmp_path: Path) -> None:
    """The sensor starts, says what is wrong, and counts what it drops once the spool is full too."""
    kept = tmp_path / "kept"
    kept.mkdir()
    files = Files(tmp_path, store=str(kept / "evidence.sqlite"))
    played = office(tmp_path)
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    words = [
        "replay",
        "--config",
        str(files.config),
        "--log-level",
        "info",
        "--speed",
        "600",
        "--loops",
        "1000",
        played,
    ]
    with Sensor(files, *words, wrapper=["unshare", "-m", "sh", "-c", mount, str(kept)]) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 0)
        sensor.wait(lambda: sensor.metric("auditor_store_spooled_records") > 0)
        violations = 'auditor_open_incidents{group="contractors",severity="high",verdict="violation"}'
        sensor.wait(lambda: sensor.metric(violations) > 0)
        said = sensor.said()

    assert "the store is away" in said or "store" in said
    assert not (kept / "evidence.sqlite").exists()


def test_a_store_that_is_away_at_the_start_is_written_later(tmp_path: Path) -> None:
    """A folder that is not there yet, as a mount that is late."""
    files = Files(tmp_path, store="late/evidence.sqlite")
    (tmp_path / "late").write_text("in the way")
    with Sensor.replaying(files, "--speed", "600", "--loops", "1000", office(tmp_path)) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 0)
        assert "the store is away" in sensor.said()
        (tmp_path / "late").unlink()
        (tmp_path / "late").mkdir()
        sensor.wait(lambda: sensor.metric("auditor_store_up") == 1)
        sensor.wait(lambda: files.bodies("incident"))
