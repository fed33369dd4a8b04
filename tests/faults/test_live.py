"""The daemon on a wire: what it sees, how soon, and what it says when the wire goes away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.running import Files, Sensor
from tests.faults.traffic import sharing
from tests.faults.wire import RECEIVER, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.lab
UP = f'auditor_interface_up{{interface="{RECEIVER}"}}'
OPEN = 'auditor_open_incidents{group="contractors",severity="high",verdict="violation"}'
PROMPT = 3.0
"""Seconds from a frame to what an alert rests on, at most, on a machine that has other things to do."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire of its own."""
    with Wire() as wire:
        yield wire


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A sensor's files."""
    return Files(tmp_path, interfaces=RECEIVER)


def wait_until_watching(sensor: Sensor) -> None:
    """Wait until the wire is captured, and the log says so."""
    sensor.wait_until_ready()
    sensor.wait(lambda: "interface captured" in sensor.said())


def test_what_passes_is_an_incident_at_once(wire: Wire, files: Files) -> None:
    """In the metrics, soon after; in the store by the time that it has stopped."""
    with Sensor.running(files, wire) as sensor:
        wait_until_watching(sensor)
        sent = time.monotonic()
        wire.send(sharing(0)[:-3])  # it is not closed
        sensor.wait(lambda: sensor.metric(OPEN) == 1, PROMPT)
        took = time.monotonic() - sent
        measured = sensor.metric("auditor_verdict_delay_seconds_sum")
        assert sensor.metric("auditor_verdict_delay_seconds_count") >= 1
        assert sensor.stop() == 0

    assert measured <= took
    assert {body["is_over"] for body in files.bodies("incident")} == {False}
    assert [body["event"] for body in files.bodies("sensor")] == ["started", "stopped"]
    assert sum(body["frames"] for body in files.bodies("coverage")) >= len(sharing(0)) - 3


def test_a_wire_that_goes_away_is_said_and_watched_again(wire: Wire, files: Files) -> None:
    """In metrics, log and coverage; what passes afterwards is seen."""
    with Sensor.running(files, wire) as sensor:
        wait_until_watching(sensor)
        wire.ip("link", "set", RECEIVER, "down")
        sensor.wait(lambda: sensor.metric(UP) == 0)
        assert sensor.metric("auditor_ready") == 1
        time.sleep(1.5)  # it looks several times a second: what is recorded is less by up to two looks
        wire.ip("link", "set", RECEIVER, "up")
        sensor.wait(lambda: sensor.metric(UP) == 1)
        wire.send(sharing(0))
        sensor.wait(lambda: sensor.metric(OPEN) == 1)
        assert sensor.stop() == 0
        said = sensor.said()

    assert said.count("interface not captured") == 1
    assert said.count("interface captured") == 2
    assert sum(body["down"].get(RECEIVER, 0) for body in files.bodies("coverage")) > 10**9


def test_an_interface_that_is_not_there_yet_is_waited_for(wire: Wire, files: Files) -> None:
    """The sensor starts, and says that it does not watch."""
    wire.ip("link", "delete", RECEIVER)
    with Sensor.running(files, wire) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: "interface not captured" in sensor.said())
        assert sensor.metric(UP) == 0
        wire.make()
        sensor.wait(lambda: sensor.metric(UP) == 1)


def test_a_restart_after_a_power_cut_says_what_was_not_watched(wire: Wire, files: Files) -> None:
    """The same incident goes on, and coverage has a hole."""
    with Sensor.running(files, wire) as sensor:
        wait_until_watching(sensor)
        wire.send(sharing(0))
        sensor.wait(lambda: files.bodies("incident"))
        sensor.kill()
    with Sensor.running(files, wire) as sensor:
        wait_until_watching(sensor)
        assert sensor.metric(OPEN) == 1
        wire.send(sharing(1))
        sensor.wait(lambda: len(files.bodies("incident")) > 1)
        assert sensor.stop() == 0
        said = sensor.said()

    assert len({body["id"] for body in files.bodies("incident")}) == 1
    assert "ended without saying so" in said
    events = [body["event"] for body in files.bodies("sensor")]
    assert events == ["started", "started", "stopped"]


def test_scapy_sees_the_same(wire: Wire, files: Files) -> None:
    """Where there is no AF_PACKET."""
    with Sensor.running(files, wire, "--source", "scapy") as sensor:
        wait_until_watching(sensor)
        time.sleep(1)
        wire.send(sharing(0))
        sensor.wait(lambda: sensor.metric(OPEN) == 1)
        sensor.stop()

    [uploaded] = {body["uploaded"] for body in files.bodies("incident")}
    assert uploaded == 16384


def test_no_line_of_the_log_names_anybody(wire: Wire, files: Files) -> None:
    """Above DEBUG, from the start to the end."""
    with Sensor.running(files, wire) as sensor:
        wait_until_watching(sensor)
        wire.send(sharing(0))
        sensor.wait(lambda: sensor.metric(OPEN) == 1)
        sensor.reload()
        sensor.stop()
        said = sensor.said()

    for word in ("10.30.", "198.51.100.", "aaaaaaaaaa"):
        assert word not in said
