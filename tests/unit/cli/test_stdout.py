"""A standard output that nobody reads."""

from __future__ import annotations

import subprocess
import sys


def test_what_is_still_written_goes_nowhere() -> None:
    """Neither an error nor output, and the exit code stays the program's own."""
    program = (
        "import sys; from auditor.cli.stdout import silence_stdout\n"
        "silence_stdout(); print('still here'); sys.stdout.flush(); sys.exit(1)"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", b"")
