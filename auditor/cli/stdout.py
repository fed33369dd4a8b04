"""What to do when whoever reads our standard output has gone."""

from __future__ import annotations

import os
import sys


def silence_stdout() -> None:
    """Send what is still to be written nowhere, so that the exit code remains the command's own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
