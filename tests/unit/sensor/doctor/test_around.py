"""Checks of what stands around a sensor."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from auditor.sensor.doctor import around
from tests.build.doctor import case

if TYPE_CHECKING:
    from pathlib import Path

RULES = "groups: [{name: a, rules: [{record: x, expr: auditor_interface_up}]}]\n"


def _prometheus(folder: Path, rules: str | None) -> None:
    (folder / "prometheus.yml").write_text("rule_files: ['rules/*.yml']\n")
    (folder / "rules").mkdir()
    if rules is not None:
        (folder / "rules/auditor.yml").write_text(rules)


def test_a_prometheus_elsewhere_is_not_judged(tmp_path: Path) -> None:
    """It may well read this sensor."""
    assert [each.status for each in around.is_asked_by_prometheus(case(tmp_path))] == ["unknown"]


@pytest.mark.parametrize(("rules", "status"), [(RULES, "right"), ("groups: []\n", "doubtful"), (None, "doubtful")])
def test_a_prometheus_here_has_rules_about_us(tmp_path: Path, rules: str | None, status: str) -> None:
    """Or they are to be copied there."""
    _prometheus(tmp_path, rules)
    assert [each.status for each in around.is_asked_by_prometheus(case(tmp_path))] == [status]


@pytest.mark.lab
def test_promtool_has_the_last_word(tmp_path: Path) -> None:
    """On what Prometheus takes."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    _prometheus(tmp_path, RULES.replace("expr: auditor_interface_up", "expr: 'auditor_interface_up +'"))
    (found,) = around.is_asked_by_prometheus(case(tmp_path))
    assert (found.status, found.todo) == ("wrong", f"promtool check config {tmp_path / 'prometheus.yml'}")


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    """There are other ways to run it."""
    assert list(around.is_kept_by_systemd(case(tmp_path))) == []


def test_a_unit_restarts_a_sensor_that_hangs(tmp_path: Path) -> None:
    """The one that ships does."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "units").mkdir()
    assert [each.status for each in around.is_kept_by_systemd(case(tmp_path))] == ["doubtful"]
    unit = tmp_path / "units" / around.UNIT
    unit.write_text("[Service]\nRestart=always\n")
    (found,) = around.is_kept_by_systemd(case(tmp_path))
    assert "lacks WatchdogSec, CapabilityBoundingSet" in found.found
    unit.write_text("[Service]\nRestart=always\nWatchdogSec=60\nCapabilityBoundingSet=CAP_NET_RAW\n")
    assert [each.status for each in around.is_kept_by_systemd(case(tmp_path))] == ["right"]
