"""Checks of what stands around a sensor: Prometheus, and the service manager."""

from __future__ import annotations

import shutil
import subprocess
from glob import glob
from typing import TYPE_CHECKING

import yaml

from auditor.model.text import harmless
from auditor.sensor.doctor.finding import Case, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNIT = "auditor-sensor.service"
_SECONDS = 30
_MAX_BYTES = 4 << 20


def is_asked_by_prometheus(case: Case) -> Iterator[Finding]:
    """Look whether the Prometheus of this machine is right, and has rules about us."""
    path = case.host.prometheus
    if not path.exists():
        found = f"there is no {path}: whether a Prometheus elsewhere reads this sensor cannot be told"
        yield Finding("Prometheus", "unknown", found)
        return
    problem = _promtool(path)
    if problem is not None:
        todo = f"promtool check config {path}"
        yield Finding("Prometheus", "wrong", f"promtool says: {harmless(problem, 200)}", todo)
        return
    rules = [rule for rule in _rules(path) if "auditor_" in _text(rule)]
    if rules:
        yield Finding("Prometheus", "right", f"{len(rules)} of its rule files are about the sensor")
    else:
        todo = f"copy deploy/prometheus/ and name it under rule_files in {path}"
        yield Finding("Prometheus", "doubtful", f"no rule of {path} is about the sensor", todo)


def _promtool(path: Path) -> str | None:
    """Return what promtool objects to; nothing where it is not there."""
    program = shutil.which("promtool")
    if program is None:
        return None
    try:
        command = [program, "check", "config", str(path)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, text=True)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return (lines[-1] if lines else "the configuration is wrong") if done.returncode else None


def _rules(path: Path) -> Iterator[Path]:
    try:
        written = yaml.safe_load(_text(path))
    except yaml.YAMLError:
        return
    patterns = written.get("rule_files") if isinstance(written, dict) else None
    for pattern in patterns if isinstance(patterns, list) else []:
        for found in glob(str(path.parent / str(pattern))):  # noqa: PTH207 - absolute patterns too
            yield path.parent / found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def is_kept_by_systemd(case: Case) -> Iterator[Finding]:
    """Look whether the service manager starts the sensor, and restarts one that hangs."""
    if not (case.host.run / "systemd/system").is_dir():
        return
    unit = next((folder / UNIT for folder in case.host.units if (folder / UNIT).exists()), None)
    if unit is None:
        todo = f"copy deploy/systemd/{UNIT} to {case.host.units[0]}, then systemctl enable --now {UNIT}"
        yield Finding("systemd", "doubtful", "no unit starts the sensor", todo)
        return
    lacking = [key for key in ("WatchdogSec=", "Restart=", "CapabilityBoundingSet=") if f"\n{key}" not in _text(unit)]
    if lacking:
        found = f"{unit} lacks {', '.join(key.rstrip('=') for key in lacking)}"
        yield Finding("systemd", "doubtful", found, f"compare it with deploy/systemd/{UNIT}")
    else:
        yield Finding("systemd", "right", str(unit))
