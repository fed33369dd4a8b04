"""What the figures were measured on: processor, memory, kernel, load, and this project's own state."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def describe() -> dict[str, str]:
    """Return the machine as words, by what they name."""
    processor = _first("/proc/cpuinfo", r"model name\s*:\s*(.+)")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": f"{processor}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory / 1e9:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()}, {Path(sys.executable).resolve()}",
    }


def commit() -> str:
    """Return the commit that the sources stand at, marked where they were changed since."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "no commit known"
    return f"commit {head}" + (" with changes" if _git("status", "--porcelain") else "")


def load() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def _first(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return "unknown"
    return found[1] if found else "unknown"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
