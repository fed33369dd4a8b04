"""Runs whole commands and takes their wall time, processor time and peak memory."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_READ_BLOCK = 1 << 20

DROPPED = "PYTHONDONTWRITEBYTECODE"
"""Left out of every command's environment: with it, a fresh checkout's sources would be compiled anew in each run.

No installation does that: its bytecode lies beside the sources.
"""

_MEMORY = """
import mmap
memory = mmap.mmap(-1, {size}, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_HUGEPAGE)
for place in range(0, {size}, mmap.PAGESIZE):
    memory[place] = 1
"""
MEMORY_AT_HAND = 512 << 20
"""More than any contestant needs, but for Python's on the largest captures."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds on the clock, seconds of processor time, peak resident bytes, and what went wrong.

    Processor time and memory include children that were waited for; memory is that of the largest process. Linux counts
    the memory of the process that starts a command as the command's own until that is exceeded: below ``floor`` a peak
    only says "less".
    """

    wall: float
    cpu: float
    peak: int
    failure: str | None = None


@dataclass(slots=True)
class Runs:
    """All runs of one command."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def failure(self) -> str | None:
        """Why one of the runs failed, if one did."""
        return next((sample.failure for sample in self.samples if sample.failure), None)

    @property
    def best(self) -> Sample:
        """The quickest run."""
        return min(self.samples, key=lambda sample: sample.wall)

    @property
    def median(self) -> float:
        """Seconds on the clock, in the middle of all runs."""
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def peak(self) -> int:
        """The largest peak of all runs, in bytes."""
        return max(sample.peak for sample in self.samples)


def run(command: Sequence[str]) -> Sample:
    """Run ``command`` to its end with its output thrown away."""
    environment = {name: value for name, value in os.environ.items() if name != DROPPED}
    with tempfile.TemporaryFile() as words:
        began = time.perf_counter()
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, env=environment
            )
        except OSError as error:
            return Sample(0.0, 0.0, 0, str(error))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        failure = None
        if process.returncode:
            words.seek(0)
            last = words.read().decode(errors="replace").strip().splitlines()[-1:]
            failure = f"exit code {process.returncode}: {''.join(last)}"
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, failure)


def have_memory_at_hand(size: int = MEMORY_AT_HAND) -> None:
    """Use so much memory for a moment, in a process of its own, so that whoever comes next need not wait for it.

    A virtual machine may give memory that is free back to its host, and then waits for each page anew: a hundred
    megabytes take 5 ms, or 400. That is no contestant's doing.
    """
    subprocess.run([sys.executable, "-S", "-c", _MEMORY.format(size=size)], check=True)


def floor() -> int:
    """Return the peak below which nothing can be told: this process's own, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def warm(path: Path) -> None:
    """Read ``path`` once, from the disk, so that it lies in the page cache for every contestant alike.

    A file that was written page by page may lie there so, and is then read several times slower than one that was read.
    """
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(_READ_BLOCK):
            pass
