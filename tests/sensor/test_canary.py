"""A sensor that tests itself: what it says of its canaries, and that nothing else hears of them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from auditor.evidence.reading import coverage
from auditor.evidence.store import open_store
from tests.build.daemon import Running, running
from tests.build.links import needs_root, pair
from tests.build.waiting import wait_until
from tests.lab.process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.lab, pytest.mark.slow]

EVERY = "canary: {{every: 1m, over: {}}}\n"


def results(sensor: Running) -> dict[str, float]:
    """How its canaries went, by the metrics."""
    family = 'auditor_canaries_total{result="'
    return {name[len(family) : -2]: value for name, value in sensor.metrics().items() if name.startswith(family)}


def recorded(folder: Path) -> list[bool]:
    """Whether each canary was seen, by the evidence."""
    with closing(open_store(f"sqlite:///{folder}/state/evidence.sqlite")) as store:
        return [canary.is_seen for minute in coverage(store, 0, 2**62) for canary in minute.canaries]


@pytest.mark.parametrize("over", ["interface", "namespace"])
def test_a_canary_is_seen_and_is_no_incident(tmp_path: Path, over: str) -> None:
    """It stands in the metrics and in the coverage; no incident, no observation, no sink has it."""
    needs_root()
    with pair() as (one, _):
        sinks = f"sinks: [{{kind: eve, to: 'file:{tmp_path}/eve.json', verdict: allow}}]\n"
        where = one if over == "interface" else over
        with running(tmp_path, one, EVERY.format(where) + sinks) as sensor:
            wait_until(lambda: sum(results(sensor).values()), 30)
            seen = results(sensor)
            incidents, observations = (sensor.total(f"auditor_{what}_total") for what in ("incidents", "observations"))
            interfaces = [name for name in sensor.metrics() if name.startswith("auditor_interface_up")]
            assert sensor.stop() == 0

    assert seen == {"seen": 1, "missed": 0, "failed": 0}
    assert (incidents, observations) == (0, 0)
    assert interfaces == [f'auditor_interface_up{{interface="{one}"}}']
    assert recorded(tmp_path) == [True]
    assert not (tmp_path / "eve.json").exists() or '"event_type":"alert"' not in (tmp_path / "eve.json").read_text()


def test_a_filter_that_hides_too_much_is_found_out(tmp_path: Path) -> None:
    """The canary is missed: metrics, coverage and log say so."""
    needs_root()
    with pair() as (one, _):
        hiding = f"{{name: {one}, filter: not net 192.0.2.0/24}}"
        with running(tmp_path, hiding, EVERY.format(one)) as sensor:
            wait_until(lambda: sum(results(sensor).values()), 30)
            missed = results(sensor)
            assert sensor.stop() == 0

    assert missed == {"seen": 0, "missed": 1, "failed": 0}
    assert recorded(tmp_path) == [False]
    assert "canary missed" in sensor.log


def test_a_sensor_without_the_right_to_make_a_namespace_watches_all_the_same(tmp_path: Path) -> None:
    """The canary has failed, and says why; everything else goes on."""
    needs_root()
    only = ("setpriv", "--bounding-set", "-all,+net_raw,+dac_override", "--inh-caps", "-all")
    assert subprocess.run([*only, sys.executable, "-c", ""], cwd=ROOT, check=False).returncode == 0
    with pair() as (one, _), running(tmp_path, one, EVERY.format("namespace"), before=only) as sensor:
        wait_until(lambda: sum(results(sensor).values()), 30)
        assert results(sensor) == {"seen": 0, "missed": 0, "failed": 1}
        assert sensor.metrics()[f'auditor_interface_up{{interface="{one}"}}'] == 1
        assert sensor.stop() == 0

    assert "private network namespace" in sensor.log
