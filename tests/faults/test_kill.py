"""A sensor that is killed loses nothing that it acknowledged, goes on with its incidents, and says what it missed."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.faults.running import Files, Sensor
from tests.faults.traffic import capture, office, sharing

if TYPE_CHECKING:
    from pathlib import Path


def killed(files: Files, played: str, rng: random.Random) -> int:
    """Play a capture over and over, kill the sensor at a random moment; return what it had acknowledged by then."""
    before = files.count()
    with Sensor.replaying(files, "--speed", "600", "--loops", "100000", played) as sensor:
        sensor.wait_until_ready()
        time.sleep(rng.random() * 1.5)
        acknowledged = sensor.metric("auditor_store_records_total")
        sensor.kill()
    # The text of the policy is acknowledged each time, and kept once.
    return before + int(acknowledged) - (1 if before and acknowledged else 0)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A sensor's files."""
    return Files(tmp_path)


@pytest.mark.parametrize(
    "times", [3, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.lab_full])], ids=["few", "hundred"]
)
def test_nothing_acknowledged_is_lost(files: Files, tmp_path: Path, times: int) -> None:
    """Whenever it is killed: the store is whole, and has at least what it said it has."""
    rng = random.Random(20261122)  # noqa: S311 - the same moments every time
    played = office(tmp_path)
    for _ in range(times):
        acknowledged = killed(files, played, rng)

        with closing(sqlite3.connect(files.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            count, last = connection.execute("SELECT count(*), max(sequence) FROM records").fetchone()
        assert count >= acknowledged
        assert count == last + 1


def test_an_incident_goes_on_under_its_id(files: Files, tmp_path: Path) -> None:
    """What the next run sees of it is a part of it, and it counts once."""
    first = capture(tmp_path, "first.pcapng", sharing(0), sharing(1))
    second = capture(tmp_path, "second.pcapng", sharing(30))
    with Sensor.replaying(files, "--speed", "100", "--loops", "1000000", first) as sensor:
        sensor.wait(lambda: files.bodies("incident"))
        sensor.kill()
    [before] = {body["id"] for body in files.bodies("incident")}
    with Sensor.replaying(files, "--max", second) as sensor:
        assert sensor.process.wait(30) == 1

    assert {body["id"] for body in files.bodies("incident")} == {before}
    uploaded = [body["uploaded"] for body in files.bodies("incident")]
    assert uploaded == sorted(uploaded)
    assert uploaded[-1] > uploaded[0]
    [started, again] = [body for body in files.bodies("sensor") if body["event"] == "started"]
    assert (started["words"]["resumed"], again["words"]["resumed"]) == (0, 1)
    assert again["words"]["was_stopped"] is False
