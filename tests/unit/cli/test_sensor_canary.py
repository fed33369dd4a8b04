"""``auditor sensor canary``."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from auditor.cli.exit_code import ExitCode
from auditor.cli.program import cli
from auditor.cli.sensor_canary import _sentence
from auditor.evidence.reading import coverage
from auditor.evidence.store import open_store
from auditor.model.coverage import CanaryResult
from tests.build.links import needs_root, pair
from tests.build.sighting import NINE

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *words: str, interface: str = "missing0") -> Result:
    """Run the command with a sensor file of one interface."""
    (folder / "sensor.yaml").write_text(
        f"version: 1\npolicy: policy.yaml\ninterfaces: [{interface}]\nstate_dir: {folder}/state\n"
    )
    arguments = ["sensor", "canary", "--config", str(folder / "sensor.yaml"), *words]
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def test_an_interface_that_is_not_watched_is_a_mistake(tmp_path: Path) -> None:
    """What goes there would be missed for no fault of the sensor's."""
    result = run(tmp_path, "--over", "eth9")

    assert "none of the sensor's interfaces" in str(result.exception)


def test_a_bad_sensor_file_is_told(tmp_path: Path) -> None:
    """With its place."""
    result = CliRunner().invoke(
        cli, ["sensor", "canary", "--config", str(tmp_path / "missing.yaml")], standalone_mode=False
    )

    assert result.return_value is ExitCode.USAGE
    assert "sensor-unreadable" in result.stderr


@pytest.mark.lab
def test_an_interface_that_is_missing_cannot_be_asked(tmp_path: Path) -> None:
    """Exit 3, and why."""
    needs_root()
    result = run(tmp_path, "--over", "missing0")

    assert result.return_value is ExitCode.UNREADABLE
    assert "not sent over missing0: " in result.stdout


@pytest.mark.lab
def test_a_result_is_recorded(tmp_path: Path) -> None:
    """Whatever it is, in the minute of coverage; and not where that is not wanted."""
    needs_root()
    run(tmp_path, "--over", "missing0", "--no-record")
    assert not (tmp_path / "state").exists()
    run(tmp_path, "--over", "missing0")

    with closing(open_store(f"sqlite:///{tmp_path}/state/evidence.sqlite")) as store:
        [minute] = coverage(store, 0, 2**62)
    [canary] = minute.canaries
    assert (canary.over, canary.is_seen, minute.watched) == ("missing0", False, 0)
    assert canary.error is not None


@pytest.mark.lab
@pytest.mark.parametrize("over", ["interface", "namespace"])
def test_a_canary_is_sent_and_seen(tmp_path: Path, over: str) -> None:
    """Over both ways; what a sensor's coverage says has it too."""
    with pair() as (one, _):
        where = one if over == "interface" else over
        result = run(tmp_path, "--over", where, "--format", "json", interface=one)

    document = json.loads(result.stdout)
    assert result.return_value is ExitCode.OK
    assert (document["schema"], document["over"]) == ("auditor.canary/1", where)
    assert (document["handshake"], document["dht"], document["error"]) == (True, True, None)
    assert 0 < document["delay_seconds"] < 10


def test_results_in_words() -> None:
    """For people."""
    seen = CanaryResult(NINE, "namespace", True, True, 250_000_000, None)

    assert _sentence(seen) == "seen over namespace within 0.250 s"
    missed = seen._replace(saw_dht=False, delay=None)
    assert _sentence(missed) == "missed over namespace: handshake seen, DHT query missed"
    assert _sentence(missed._replace(error="down")) == "not sent over namespace: down"
