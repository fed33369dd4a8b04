"""Audit captures that may be broken in a process of its own, with limits on time and memory.

Run as a program, it audits each file whose path it reads from standard input, and answers with a line of JSON. As a
module, :class:`Survivor` is that program's other end.
"""

from __future__ import annotations

import json
import resource
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Self

from auditor import engine
from auditor.audit import document
from auditor.engine import CapturePath
from auditor.pipeline.run import judge
from tests.properties.seeing import options, policy

PATIENCE = 20
"""Seconds for one small capture: a thousand times what it takes, since the machine may be busy with something else."""
ADDRESS_SPACE = 3 << 30
"""Bytes that the process may map at all: what asks for more is killed by its own allocator."""
MEMORY = 400 << 20
"""Bytes that it may have used at most, interpreter and policy included."""


class Survivor:
    """The audits' process, started on first use and again after it was lost."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "broken.cap"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Be a context, at whose end the process is too."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process."""
        self._stop()
        self._folder.cleanup()

    def audit(self, content: bytes, *, jobs: int = 1) -> dict[str, Any]:
        """Audit a capture, and return what became of it.

        Raises:
            AssertionError: if there was an exception or a panic, or it took too long or too much memory.
        """
        self._path.write_bytes(content)
        process = self._process = self._process or _start()
        _of(process.stdin).write(f"{jobs} {self._path}\n")
        _of(process.stdin).flush()
        if not select.select([_of(process.stdout)], [], [], PATIENCE)[0]:
            self._stop()
            raise AssertionError(f"the audit has not ended after {PATIENCE} seconds")
        answer = _of(process.stdout).readline()
        if not answer:
            process.wait()
            trouble = _of(process.stderr).read()
            self._stop()
            raise AssertionError(f"the audit ended with exit code {process.returncode}:\n{trouble}")
        reply: dict[str, Any] = json.loads(answer)
        assert reply["memory"] < MEMORY, reply
        return reply

    def _stop(self) -> None:
        if (process := self._process) is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                _of(pipe).close()
        self._process = None


def _start() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", __spec__.name]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=Path(__file__).parents[2])


def _of(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _peak() -> int:
    """Return the most memory that this process had at once; getrusage counts that of whoever started it, too."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024


def main() -> None:
    """Audit what standard input names, until it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for line in sys.stdin:
        jobs, _, path = line.rstrip("\n").partition(" ")
        sighting = engine.sight([CapturePath(path, "default")], options(jobs=int(jobs), dht_flows=True))
        written = "".join(document.text(judge(sighting, policy())))
        (capture,) = sighting.captures
        reply = {
            "packets": capture.packets,
            "truncated": capture.truncated,
            "error": capture.error,
            "limits": dict(sighting.limits_hit),
            "written": len(written),
            "memory": _peak(),
        }
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
