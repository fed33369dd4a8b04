"""A running sensor as metrics."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from auditor.metrics.sensor import SensorCollector
from tests.build.expositions import exposition
from tests.build.states import busy_state, fresh_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.health import SensorState

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
STATES: dict[str, Callable[[], SensorState]] = {"fresh": fresh_state, "busy": busy_state}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("ending", ["prom", "openmetrics"])
def test_the_whole_exposition_is_as_documented(name: str, ending: str) -> None:
    """Every family, label and figure, in both formats, of a sensor that has seen something and of one that has not."""
    page = exposition(STATES[name](), is_open=ending == "openmetrics")

    assert page == (GOLDEN / f"sensor-{name}.{ending}").read_text()


@pytest.mark.parametrize("name", STATES)
def test_prometheus_finds_nothing_to_object_to(name: str) -> None:
    """Names, units, types and help are by its conventions."""
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: apt-get install prometheus")

    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(STATES[name]()), capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("name", STATES)
def test_the_open_format_is_read_by_its_own_parser(name: str) -> None:
    """OpenMetrics is strict about suffixes, exemplars and the end."""
    families = list(text_string_to_metric_families(exposition(STATES[name](), is_open=True)))  # type: ignore[no-untyped-call]

    assert len({family.name for family in families}) == len(families) > 60


def test_the_same_families_whatever_happened() -> None:
    """What is absent reads as none: a rule never waits for a family to appear."""
    fresh, busy = ([family.name for family in SensorCollector(state).collect()] for state in (fresh_state, busy_state))

    assert fresh == busy


def test_every_family_of_a_busy_sensor_has_a_sample() -> None:
    """The list in the documentation is made from them."""
    bare = [family.name for family in SensorCollector(busy_state).collect() if not family.samples]

    assert bare == []


def test_the_state_is_taken_once_a_scrape_and_not_for_registering() -> None:
    """Figures of one page are of one moment."""
    taken = 0

    def state() -> SensorState:
        nonlocal taken
        taken += 1
        return busy_state()

    registry = CollectorRegistry(auto_describe=True)
    registry.register(SensorCollector(state))
    assert taken == 0

    generate_latest(registry)

    assert taken == 1


def test_errors_of_our_own_count_by_place() -> None:
    """The sensor goes on after one, and says so."""
    page = exposition(replace(fresh_state(), errors={"sink": 2, "loop": 1}))

    assert 'auditor_errors_total{place="loop"} 1.0\nauditor_errors_total{place="sink"} 2.0\n' in page
