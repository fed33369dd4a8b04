"""Floods that somebody sends on purpose: memory stays within its caps, counters say what was not looked at."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.running import ROOT, Files, Sensor


class Seen(NamedTuple):
    """What was seen of a flood."""

    metrics: dict[str, float]
    """The last ones."""
    most: int
    """Bytes of memory that the process had at most."""
    said: str


MOST_MEMORY = 1_500 << 20
"""Of the whole process, whatever is sent: the tables' caps and what Python itself takes."""


def flooded(tmp_path: Path, kind: str, count: int) -> Seen:
    """Play a flood into a sensor; return what was seen of it."""
    files = Files(tmp_path)
    flood = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.flood", kind, str(count)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert flood.stdout is not None
    metrics: dict[str, float] = {}
    with Sensor.replaying(files, "--max", "-", stdin=flood.stdout) as sensor:
        flood.stdout.close()
        status = Path(f"/proc/{sensor.process.pid}/status")
        most = 0
        while sensor.process.poll() is None:
            try:
                words = dict(line.split(":", 1) for line in status.read_text("ascii").splitlines())
            except (OSError, ProcessLookupError):
                break
            most = max(most, 1024 * int(words.get("VmHWM", "0 kB").split()[0]))
            metrics = sensor.metrics() or metrics
            time.sleep(0.1)
        assert sensor.process.wait(60) == 0, sensor.said()
        said = sensor.said()
    flood.wait(10)
    return Seen(metrics, most, said)


def summed(metrics: dict[str, float], family: str) -> float:
    """Add up a family's samples."""
    return sum(value for name, value in metrics.items() if name.partition("{")[0] == family)


@pytest.mark.parametrize(
    "count", [1_500_000, pytest.param(10_000_000, marks=[pytest.mark.slow, pytest.mark.lab_full])], ids=["some", "ten"]
)
def test_a_syn_flood_stays_within_its_caps(tmp_path: Path, count: int) -> None:
    """Each segment is a flow; the table holds so many, and the metrics say how often it was full."""
    seen = flooded(tmp_path, "syn", count)

    assert seen.most < MOST_MEMORY
    assert seen.metrics['auditor_table_entries{table="flows"}'] <= seen.metrics['auditor_table_capacity{table="flows"}']
    assert summed(seen.metrics, "auditor_limits_hit_total") > 0
    assert summed(seen.metrics, "auditor_incidents_total") == 0
    assert summed(seen.metrics, "auditor_errors_total") == 0


@pytest.mark.parametrize(
    "count", [300_000, pytest.param(10_000_000, marks=[pytest.mark.slow, pytest.mark.lab_full])], ids=["some", "ten"]
)
def test_malformed_frames_are_counted_and_nothing_else(tmp_path: Path, count: int) -> None:
    """No error of ours, no incident, and no line of log for each."""
    seen = flooded(tmp_path, "malformed", count)

    assert seen.most < MOST_MEMORY
    assert summed(seen.metrics, "auditor_anomalies_total") > 0
    assert summed(seen.metrics, "auditor_errors_total") == 0
    assert len(seen.said.splitlines()) < 20
