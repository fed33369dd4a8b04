"""What was acknowledged survives ``kill -9``, at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from auditor.evidence import schema
from auditor.evidence.spool import Spool
from auditor.evidence.store import open_store
from tests.build.evidence import record

ROOT = Path(__file__).parents[3]
STRIDE = 1_000_000
"""No run writes so many records."""


def run_and_kill(url: str, spool: Path, first: int, after: float, *, written: bool) -> tuple[int, int]:
    """Let a process run for a moment, from when it has ``written`` or before, and kill it; return its last words."""
    words = [sys.executable, "-m", "tests.build.filling", url, str(spool), str(first), str(first)]
    with subprocess.Popen(
        words, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        begun = process.stdout.readline()
        while begun and written and int(begun.split()[0]) <= 0:
            begun = process.stdout.readline()
        if not begun:
            raise AssertionError(process.stderr.read().decode())
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        lines = (begun + process.stdout.read()).split(b"\n")
    stored, safe = lines[-2].split()
    return int(stored), int(safe)


def kill_often(url: str, spool: Path, times: int) -> None:
    """Kill a writer at random moments, and look each time for what it said to be safe."""
    chance = random.Random(times)  # noqa: S311 - it decides when to kill
    claimed: set[str] = set()
    for run in range(times):
        first = run * STRIDE
        stored, safe = run_and_kill(url, spool, first, chance.random() * 0.4, written=run % 4 > 0)
        with open_store(url) as store, store.reading() as connection:
            rows = connection.execute(select(schema.records.c.sequence, schema.records.c.id)).all()
        there = {row.id for row in rows}
        assert sorted(row.sequence for row in rows) == list(range(len(rows))), "a hole"
        assert {record(first + number).id for number in range(stored)} <= there, "an acknowledged record is lost"
        left = Spool(spool, 1 << 30)
        there |= {entry.record.id for entry in left.first(1_000_000)}
        left.close()
        claimed |= {record(first + number).id for number in range(safe)}
        assert claimed <= there, "a spooled record is lost"
    assert claimed


def test_nothing_acknowledged_is_lost(url: str, tmp_path: Path) -> None:
    """Whatever was in the store or the spool is there, once, without a hole; the next run goes on."""
    kill_often(url, tmp_path / "spool", 5)


@pytest.mark.slow
def test_a_hundred_times(url: str, tmp_path: Path) -> None:
    """The same, as often as it takes to hit every line."""
    kill_often(url, tmp_path / "spool", 100)
