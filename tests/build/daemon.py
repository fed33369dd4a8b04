"""The sensor as its users run it: a process of its own, with files of its own, until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.build.sensor import POLICY, sensor_files
from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START, END = 30.0, 40.0
"""Seconds that a sensor has to begin, and to end."""


@dataclass
class Running:
    """A sensor that runs."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What it wrote so far, to both streams."""
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def store(self) -> str:
        """The URL of its store."""
        return f"sqlite:///{self.folder / 'state' / 'evidence.sqlite'}"

    def get(self, path: str) -> str:
        """Ask its HTTP server.

        Raises:
            OSError: if it does not answer, or not well.
        """
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def metrics(self) -> Mapping[str, float]:
        """Return its samples, by name and labels as they are written."""
        samples = {}
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                name, _, value = line.partition(" # ")[0].rpartition(" ")
                samples[name] = float(value)
        return samples

    def total(self, family: str) -> float:
        """Add up a family's samples."""
        return sum(value for name, value in self.metrics().items() if name.partition("{")[0] == family)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(END)

    def is_ready(self) -> bool:
        """Whether it watches.

        Raises:
            AssertionError: if it has ended.
        """
        assert self.process.poll() is None, self.log
        try:
            self.get("/-/ready")
        except OSError:
            return False
        return True


@contextmanager
def running(
    folder: Path, interface: str, rest: str = "", *, policy: str = POLICY, before: Sequence[str] = ()
) -> Iterator[Running]:
    """Run a sensor on an interface; it is ready when given, and ended with the context at the latest.

    ``interface`` is a name or what the sensor file says of one; ``before`` comes before the command.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    metrics = f"metrics: {{listen: 127.0.0.1:{port}}}\n"
    config = sensor_files(folder, metrics + rest, interfaces=f"[{interface}]", policy=policy)
    command = [*before, sys.executable, "-m", "auditor", "sensor", "run", "--config", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ})
    sensor = Running(folder, port, process)
    try:
        wait_until(sensor.is_ready, START)
        yield sensor
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
