"""The command line: one file per noun, loaded when it is called."""

from __future__ import annotations

import gc
import io
import sys
from typing import NoReturn

from auditor.cli import ending


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    ending.end(run())


def run() -> int:
    """Run the command line and return its code; nothing is left in the buffer of the standard output."""
    # A command makes many values and hardly a cycle: looking for cycles as often as Python does, after 700 new values,
    # would take a tenth of its time, and of what is imported 3 ms. So nothing is imported before this.
    gc.set_threshold(1_000_000)
    from auditor.cli import program, stdout  # noqa: PLC0415 - start-up

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # A terminal that is not UTF-8 is no error of ours.
    outcome = program.run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        stdout.silence_stdout()
    return outcome
