"""Lets the contestants run side by side: in rounds, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench import measure, pcapfile
from tests.bench.contestants import BASELINE
from tests.bench.measure import Runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.contestants import Contestant
    from tests.bench.generate import Capture


@dataclass(frozen=True, slots=True)
class Result:
    """One contestant on one capture, of which it got ``packets``."""

    contestant: Contestant
    packets: int
    whole: bool
    runs: Runs = field(default_factory=Runs)

    @property
    def rate(self) -> float | None:
        """Packets per second of the best run, start-up included; None if a run failed."""
        return None if self.runs.failure else self.packets / self.runs.best.wall


@dataclass(frozen=True, slots=True)
class Race:
    """All results on one capture."""

    capture: Capture
    results: list[Result]

    def ratio(self, name: str) -> float | None:
        """Return how many times faster than ndpiReader the contestant of that name was, where both ran."""
        own, base = (next((r.rate for r in self.results if r.contestant.name == n), None) for n in (name, BASELINE))
        return own / base if own and base else None


def race(
    capture: Capture, contestants: Sequence[Contestant], repeats: int, *, shrink: int = 1, full: bool = False
) -> Race:
    """Run every contestant on ``capture``, ``repeats`` times or once.

    A contestant with a slice gets that many packets divided by ``shrink``, or all of them where ``full``.
    """
    entries: list[tuple[Result, Path]] = []
    for contestant in contestants:
        wanted = capture.packets
        if contestant.slice and not full:
            wanted = min(wanted, contestant.slice // shrink)
        path = capture.path
        if wanted < capture.packets:
            path = capture.path.with_name(f"{capture.path.stem}-first-{wanted}.pcap")
            if not path.exists() or path.stat().st_mtime_ns < capture.path.stat().st_mtime_ns:
                pcapfile.cut(capture.path, path, wanted)
        entries.append((Result(contestant, wanted, whole=wanted == capture.packets), path))
    for path in {path for _, path in entries}:
        measure.warm(path)
    for number in range(repeats):
        for result, path in entries:
            if number == 0 or not (result.contestant.once or result.runs.failure):
                measure.have_memory_at_hand()
                sample = measure.run(result.contestant.on(path))
                result.runs.samples.append(sample)
                _tell(f"{capture.recipe}, round {number + 1} of {repeats}: {result.contestant.name}", sample)
    return Race(capture, [result for result, _ in entries])


def repeat(label: str, command: Sequence[str], times: int) -> Runs:
    """Run one command ``times`` times; the first run, which finds cold caches, is not counted."""
    measure.run(command)
    runs = Runs([measure.run(command) for _ in range(times)])
    _tell(label, runs.best)
    return runs


def _tell(what: str, sample: measure.Sample) -> None:
    outcome = sample.failure or f"{sample.wall:.3f} s, {sample.peak / 1e6:.0f} MB"
    sys.stderr.write(f"{what}: {outcome}\n")
    sys.stderr.flush()
