"""Record runs of real clients and of what is not BitTorrent: ``python -m tests.lab.record FOLDER``, as root.

Writes a capture and its labels for each. What is there already is not done again. Runs that fail are tried once more,
and named at the end.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import negatives, runs
from tests.lab.conversations import conversations
from tests.lab.frames import read_pcapng
from tests.lab.labels import read
from tests.lab.matrix import setups
from tests.lab.process import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ATTEMPTS = 2


def insist(name: str, make: Callable[[], object]) -> bool:
    """Do something of which real programs are a part, more than once if need be; say whether it succeeded."""
    for _ in range(ATTEMPTS):
        begun = time.monotonic()
        try:
            make()
        except (LabError, LookupError, OSError, ValueError, subprocess.TimeoutExpired) as error:
            say(f"{name}: {error}")
        else:
            say(f"{name}: {time.monotonic() - begun:.0f} s")
            return True
    return False


def unexplained(folder: Path, name: str) -> list[str]:
    """Return the flows of a capture that no label fits: mistakes of the laboratory."""
    labels = read(folder / f"{name}.labels.json")
    flows = [flow for each in read_pcapng(folder / labels.capture) for flow in conversations(each.frames)]
    return [
        f"{flow.transport} {flow.orig} {flow.resp} {flow.total}"
        for flow in flows
        if flow.total and labels.of(flow.transport, flow.orig, flow.resp) is None
    ]


def span(words: str) -> range:
    """Read ``3`` or ``0-9``.

    Raises:
        argparse.ArgumentTypeError: if it is neither.
    """
    if found := re.fullmatch(r"(\d+)(?:-(\d+))?", words):
        return range(int(found[1]), int(found[2] or found[1]) + 1)
    raise argparse.ArgumentTypeError(f"{words} is no span of seeds such as 0-9")


def say(words: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"{words}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Record what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.record", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=int, action="append", metavar="N", help="only this run (repeatable)")
    parser.add_argument(
        "--seeds", type=span, default=range(1), metavar="A-B", help="these goes at every run, each with other content"
    )
    parser.add_argument("--negative", action="append", metavar="PROGRAM", help="only this program (repeatable)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options.folder.mkdir(parents=True, exist_ok=True)
    everything = options.run is None and options.negative is None
    wanted = {s.number for s in setups()} if everything else set(options.run or ())
    programs = set(negatives.CATALOGUE) if everything else set(options.negative or ())
    jobs: list[tuple[str, Callable[[], object]]] = [
        (run.name, partial(runs.record, run, options.folder))
        for again in options.seeds
        for run in (replace(setup, again=again) for setup in setups() if setup.number in wanted)
    ]
    for program, what in negatives.CATALOGUE.items():
        if program in programs and not (missing := what.missing):
            jobs += [
                (f"not-{program}-seed{seed}", partial(negatives.record, what, seed, options.folder))
                for seed in negatives.TWO_SEEDS
            ]
        elif program in programs:
            say(f"{program} needs {', '.join(missing)}")
    if failed := [name for name, job in jobs if not done(name, job, options.folder)]:
        sys.exit(f"failed: {', '.join(failed)}")


def done(name: str, job: Callable[[], object], folder: Path) -> bool:
    """Do a job unless it was done before; say whether it is done now."""
    if (folder / f"{name}.labels.json").exists():
        return True
    if not insist(name, job):
        return False
    for flow in unexplained(folder, name):
        say(f"  without a label: {flow}")
    return True


if __name__ == "__main__":
    main()
