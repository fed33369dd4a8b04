"""Files that people and programs write while the sensor runs."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.running import Files, Sensor
from tests.faults.traffic import office

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "identity"
IDENTITY = "version: 1\nsources:\n  - {name: office, kind: isc-dhcpd, files: [dhcpd.leases]}\n"
SUCCESSFUL = "auditor_policy_last_reload_successful"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A sensor's files, with leases."""
    (tmp_path / "identity.yaml").write_text(IDENTITY)
    (tmp_path / "dhcpd.leases").write_bytes((SAMPLES / "dhcpd.leases").read_bytes())
    return Files(tmp_path, more="identity: {file: identity.yaml, reload: 1s}")


@pytest.fixture
def sensor(files: Files, tmp_path: Path) -> Iterator[Sensor]:
    """One that runs."""
    with Sensor.replaying(files, "--speed", "60", "--loops", "1000000", office(tmp_path)) as sensor:
        sensor.wait_until_ready()
        yield sensor


def test_a_policy_that_breaks_in_mid_air_changes_nothing(sensor: Sensor, files: Files) -> None:
    """The old one stays in force; metric and log say so, and the log quotes no address of it."""
    [before] = [name for name in sensor.metrics() if name.startswith("auditor_policy_info")]
    files.policy.write_text(files.policy.read_text()[:200] + "\n  10.30.0.99: [")
    sensor.reload()
    sensor.wait(lambda: sensor.metric(SUCCESSFUL) == 0)

    [after] = [name for name in sensor.metrics() if name.startswith("auditor_policy_info")]
    assert after == before
    assert sensor.metric('auditor_policy_reloads_total{result="failure"}') == 1
    assert "policy refused" in sensor.said()
    assert "10.30.0.99" not in sensor.said()
    assert sensor.metric("auditor_ready") == 1


def test_a_new_policy_is_put_in_force_and_recorded(sensor: Sensor, files: Files) -> None:
    """By its hash, in metrics, log and store; `/-/reload` says whether it was accepted."""
    files.put_policy("second")
    sensor.reload()
    sensor.wait(lambda: any('name="second"' in name for name in sensor.metrics()))
    sensor.wait(lambda: len(files.bodies("policy")) == 2)
    first, second = (body["sha256"] for body in files.bodies("policy"))

    assert first in sensor.said()
    assert second in sensor.said()
    sensor.wait(lambda: any(body["event"] == "reloaded" for body in files.bodies("sensor")))
    asked = urllib.request.Request(f"http://127.0.0.1:{files.port}/-/reload", method="POST")
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own server
        assert answer.status == 200


def test_a_lease_file_that_is_cut_off_ends_nothing(sensor: Sensor, files: Files) -> None:
    """It is read as far as it goes, or what was in force stays; new leases count again."""
    leases = files.folder / "dhcpd.leases"
    whole = leases.read_bytes()
    reloads = 'auditor_identity_reloads_total{result="success"}'
    before = sensor.metric(reloads)
    leases.write_bytes(whole[: len(whole) // 2 - 7])
    sensor.wait(lambda: sensor.metric(reloads) > before)
    cut = sensor.metric(reloads)
    leases.write_bytes(whole)
    sensor.wait(lambda: sensor.metric(reloads) > cut)

    assert sensor.process.poll() is None
    assert sensor.metric("auditor_ready") == 1
    assert not any(name.startswith("auditor_errors") and value for name, value in sensor.metrics().items())
