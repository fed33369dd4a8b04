"""Memory over a long run: a day of frames through the whole daemon, as fast as they go.

    .venv/bin/python -m tests.bench.endurance                     # a day of frame time, 200 million frames
    .venv/bin/python -m tests.bench.endurance --frames 5000000    # some seconds

One capture is played again and again, each time with later times, into the daemon's own pipeline with a store and the
state that its metrics are made of. Resident memory is sampled against frame time. The bar: after the first quarter it
stays within five per cent of what it was then.
"""

from __future__ import annotations

import argparse
import csv
import gc
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.cli.sensor_run import GARBAGE
from auditor.engine import CapturePath, Options
from auditor.engine.watch import Watch
from auditor.policy.reload import policy_in_force
from auditor.sensor import logs
from auditor.sensor.assemble import Held, Settings, assemble
from auditor.sensor.clock import SystemClock
from auditor.sensor.config import StoreSettings
from auditor.sensor.starting import few_heaps
from tests.bench.generate import generate
from tests.bench.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.model.standing import IncidentChange
    from auditor.sensor.daemon import Daemon

DAY = 86_400
FRAMES = 200_000_000
EVERY = 0.25
"""Seconds between two samples."""
BAR = 0.05
QUEUE = 4000
"""Records that may wait: the replay waits where half of them do, so that memory does not show how busy the disk is."""
POLICY = Path(__file__).parent.parent.parent / "policies" / "corporate.yaml"


class Sample(NamedTuple):
    """The process at one moment."""

    seconds: float
    frames: int
    rss: int
    """Bytes."""
    sizes: Mapping[str, int]
    """How much its parts keep."""


class Curve:
    """Samples of a run that goes on, taken by a thread."""

    def __init__(self, daemon: Daemon) -> None:
        self.samples: list[Sample] = []
        self._daemon = daemon
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take the last one, and no more."""
        self._ended.set()
        self._thread.join()
        self._take()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            self._take()

    def _take(self) -> None:
        counters = self._daemon.watch.counters()
        state = self._daemon.exposed.state()
        sizes = {name: table.size for name, table in counters.tables.items()}
        sizes |= dict(self._daemon.exposed.sizes())
        sizes["store_queued"] = state.store.queued if state.store else 0
        sizes["open_incidents"] = sum(state.open_incidents.values())
        frames = sum(each.frames for each in counters.interfaces)
        self.samples.append(Sample(time.monotonic() - self._began, frames, resident(), sizes))


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096


class Result(NamedTuple):
    """What a curve comes to."""

    quarter: int
    """Bytes at the end of the first quarter of the frames: the most within the second eighth."""
    most: int
    """The most after it."""

    @property
    def growth(self) -> float:
        """As a share."""
        return self.most / self.quarter - 1


def judged(samples: Sequence[Sample]) -> Result:
    """Compare what memory was after a quarter with the most that it was later."""
    whole = samples[-1].frames
    early = [each.rss for each in samples if whole / 8 <= each.frames <= whole / 4]
    late = [each.rss for each in samples if each.frames > whole / 4]
    return Result(max(early), max(late))


def run(frames: int, seconds: int, folder: Path, capture_frames: int, *, store: bool) -> tuple[list[Sample], int]:
    """Play so many frames over so many seconds of their time; return the samples, and how many changes there were."""
    recipe = RECIPES["mixed"]
    if capture_frames < recipe.packets:
        recipe = recipe.shrunk(recipe.packets // capture_frames)
    capture = generate(recipe, folder / "captures", f"-{capture_frames}")
    loops = max(1, round(frames / capture.packets))
    gap = max(1.0, seconds / loops - recipe.seconds)
    told = 0

    def tell(changes: Sequence[IncidentChange]) -> None:
        nonlocal told
        told += len(changes)

    def watch(options: Options) -> Watch:
        options = options._replace(digest=False)
        return Watch.replay([CapturePath(str(capture.path), "bench")], options, speed=None, loops=loops, gap=gap)

    with tempfile.TemporaryDirectory(dir=folder) as work:
        kept = StoreSettings(f"sqlite:///{work}/evidence.sqlite", QUEUE, None, 0, 250_000_000) if store else None
        settings = Settings("bench", Held(policy_in_force(POLICY)), store=kept, is_live=False, tell=tell)
        daemon = assemble(settings, watch, clock=SystemClock(), log=logs.logger())
        curve = Curve(daemon)
        daemon.run()
        curve.end()
    return curve.samples, told


def main(words: Sequence[str] | None = None) -> int:
    """Run, print the curve and whether it passes."""
    parser = argparse.ArgumentParser(prog="tests.bench.endurance", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--seconds", type=int, default=DAY, help="of the frames' time")
    parser.add_argument("--capture-frames", type=int, default=2_000_000, help="frames of the capture that is repeated")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "auditor-bench")
    parser.add_argument("--no-store", action="store_true")
    parser.add_argument("--write", type=Path, help="a file for the curve, as CSV")
    options = parser.parse_args(words)
    few_heaps()
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)  # as the daemon does
    logs.set_up("console", "warning")
    options.folder.mkdir(parents=True, exist_ok=True)
    samples, told = run(
        options.frames, options.seconds, options.folder, options.capture_frames, store=not options.no_store
    )
    if options.write is not None:
        write(options.write, samples)
    print_curve(samples)
    result = judged(samples)
    last = samples[-1]
    rate = last.frames / last.seconds
    say(f"{last.frames:,} frames in {last.seconds:.0f} s, {rate:,.0f} a second; {told:,} changes of incidents")
    say(
        f"after a quarter {result.quarter / 1e6:,.1f} MB, at most {result.most / 1e6:,.1f} MB later: "
        f"{result.growth:+.1%}, the bar is {BAR:.0%}"
    )
    return 0 if result.growth <= BAR else 1


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def print_curve(samples: Sequence[Sample], rows: int = 25) -> None:
    """Print some of the samples."""
    names = sorted({name for each in samples for name in each.sizes})
    say(f"{'seconds':>8} {'frames':>13} {'MB':>8}  " + "  ".join(names))
    step = max(1, len(samples) // rows)
    for each in [*samples[::step], samples[-1]]:
        sizes = "  ".join(f"{each.sizes.get(name, 0):>{len(name)}}" for name in names)
        say(f"{each.seconds:8.0f} {each.frames:13,} {each.rss / 1e6:8.1f}  {sizes}")


def write(path: Path, samples: Sequence[Sample]) -> None:
    """Write all samples as CSV."""
    names = sorted({name for each in samples for name in each.sizes})
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["seconds", "frames", "rss", *names])
        for each in samples:
            rows.writerow([f"{each.seconds:.1f}", each.frames, each.rss, *(each.sizes.get(name, 0) for name in names)])


if __name__ == "__main__":
    sys.exit(main())
