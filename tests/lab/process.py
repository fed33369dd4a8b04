"""Programs that the laboratory starts, and ends by their id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
"""Where programs run, so that ``python -m tests.lab...`` is this laboratory's."""
GRACE = 8.0
"""Seconds that a program has to end by itself when asked to."""


class LabError(RuntimeError):
    """Something in the laboratory did not do what a sample needs of it."""


def run(*argv: str, timeout: float = 60, check: bool = True, stdin: str | None = None) -> str:
    """Run a program to its end and return its stdout.

    Raises:
        LabError: if it fails and ``check`` is set.
    """
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT)
    if check and done.returncode:
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wait_until(what: str, test: Callable[[], object], timeout: float = 40, pause: float = 0.1) -> None:
    """Wait until ``test`` holds.

    Raises:
        LabError: if it does not within ``timeout`` seconds; ``what`` names the thing that was awaited.
    """
    end = time.monotonic() + timeout
    while not test():
        if time.monotonic() > end:
            raise LabError(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(pause)


class Process:
    """A running program with its log; leader of its own process group, so that it ends together with its children."""

    def __init__(
        self, argv: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None, talk: bool = False
    ) -> None:
        program = next(word for word in argv[4:] if not word.startswith("-"))
        self.log = folder / f"{program.rsplit('/', 1)[-1]}-{time.monotonic_ns()}.log"
        """What it wrote to stderr; and to stdout, unless ``talk`` keeps that for the caller."""
        pipe = subprocess.PIPE if talk else None
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                argv,
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or log,
                stderr=log,
                env={**os.environ, "HOME": str(folder), **(env or {})},
                start_new_session=True,
                cwd=ROOT,
            )

    def expect(self, text: str, timeout: float = 20) -> None:
        """Wait until its log says ``text``."""
        wait_until(f"'{text}' in {self.log.name}", lambda: text in self.said() or self._ended(text), timeout)

    def said(self) -> str:
        """Return its log so far."""
        return self.log.read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and its children: asked first, then made to. Calling it again does nothing."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, how)
            try:
                self.popen.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _ended(self, text: str) -> bool:
        if self.popen.poll() is None:
            return False
        raise LabError(f"ended with {self.popen.returncode} before it said '{text}': {self.said()[-500:]}")
