"""All checks together."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from auditor.sensor.doctor import around, ethtool, files, interfaces, keeping, machine
from auditor.sensor.doctor.registry import CHECKS, examine
from tests.build.doctor import host, interface
from tests.build.sensor import NOW, sensor_files

if TYPE_CHECKING:
    from pathlib import Path


def test_every_check_is_made() -> None:
    """Each public function of a module of checks."""
    modules = (around, files, interfaces, keeping, machine)
    made = {
        each
        for module in modules
        for name, each in inspect.getmembers(module, inspect.isfunction)
        if each.__module__ == module.__name__ and not name.startswith("_")
    }
    assert made == set(CHECKS)
    assert ethtool.__doc__ is not None


def test_a_machine_on_which_nothing_is_wrong(tmp_path: Path) -> None:
    """Leaves nothing to do but what cannot be told from here."""
    interface(tmp_path, "eth1")
    found = examine(sensor_files(tmp_path, interfaces="eth1"), NOW, host(tmp_path), {})
    assert {each.status for each in found if each.subject not in {"Prometheus", "room on disk"}} == {"right"}
    assert all(each.todo is None for each in found if each.status == "right")


def test_without_a_sensor_file_the_machine_is_looked_at_still(tmp_path: Path) -> None:
    """It is what a new user runs first."""
    found = examine(tmp_path / "none.yaml", NOW, host(tmp_path), {})
    assert [each.subject for each in found if each.status == "wrong"] == ["sensor file"]
    assert {"privileges", "Landlock", "clock"} <= {each.subject for each in found}
