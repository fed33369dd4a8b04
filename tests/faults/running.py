"""A sensor as a process of its own, which a test starts, looks at, and kills."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.build.prometheus import free_port
from tests.build.sensing import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from tests.faults.wire import Wire

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 30.0
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)", re.MULTILINE)
CONFIG = """\
version: 1
name: test
policy: policy.yaml
state_dir: state
interfaces: [{interfaces}]
store: {{url: "{store}", commit: 50ms}}
metrics: {{listen: "127.0.0.1:{port}"}}
log: {{format: json, level: info}}
{more}
"""


@dataclass
class Files:
    """A folder with all that a sensor reads."""

    folder: Path
    store: str = "evidence.sqlite"
    interfaces: str = "lo"
    more: str = ""
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        """Write them."""
        self.policy = self.folder / "policy.yaml"
        self.config = self.folder / "sensor.yaml"
        self.put_policy("first")
        self.config.write_text(
            CONFIG.format(store=self.store, port=self.port, interfaces=self.interfaces, more=self.more)
        )

    def put_policy(self, name: str) -> None:
        """Write a policy at one instant."""
        beside = self.policy.with_suffix(".new")
        beside.write_text(POLICY.format(name=name))
        beside.replace(self.policy)

    @property
    def database(self) -> Path:
        """Where the evidence is."""
        return self.folder / self.store

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the store, beside whoever writes it."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError as problem:
                if "no such table" in str(problem):  # it is being made
                    return []
                raise

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Return the bodies of records, in their order."""
        query = "SELECT content FROM bodies JOIN records USING (sequence) WHERE kind = '{}' ORDER BY sequence"
        return [json.loads(content) for (content,) in self.rows(query.format(kind))]

    def count(self) -> int:
        """Count records."""
        found = self.rows("SELECT count(*) FROM records")
        return int(found[0][0]) if found else 0


class Sensor:
    """A process that is ended when it is left."""

    def __init__(
        self,
        files: Files,
        *words: str,
        wrapper: Sequence[str] = (),
        stdin: IO[bytes] | None = None,
        wire: Wire | None = None,
    ) -> None:
        """Start ``auditor`` with these words; a wrapper is what runs it in another place."""
        self.files = files
        self._wire = wire
        wrapper = wrapper if wire is None else wire.wrapper
        self.log = files.folder / f"log-{time.monotonic_ns()}.txt"
        with self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "auditor", *words],
                cwd=ROOT,
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    @classmethod
    def replaying(cls, files: Files, *words: str, stdin: IO[bytes] | None = None) -> Self:
        """Play captures into the pipeline of a sensor file."""
        return cls(files, "replay", "--config", str(files.config), "--log-level", "info", *words, stdin=stdin)

    @classmethod
    def running(cls, files: Files, wire: Wire, *words: str) -> Self:
        """Run the daemon on a wire."""
        return cls(files, "sensor", "run", "--config", str(files.config), *words, wire=wire)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as a service manager does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def reload(self) -> None:
        """Have it read its files again."""
        self.process.send_signal(signal.SIGHUP)

    def page(self, path: str) -> str:
        """Get a page of its metrics server; nothing where there is none."""
        return self._page(path) if self._wire is None else self._wire.within(lambda: self._page(path))

    def _page(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.files.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            return str(refused.read().decode())
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return ""

    def metrics(self) -> dict[str, float]:
        """Return every sample by its name, labels included as they are written."""
        samples = SAMPLE.findall(self.page("/metrics"))
        return {name + (f"{{{labels}}}" if labels else ""): float(value) for name, labels, value in samples}

    def metric(self, name: str) -> float:
        """Return one sample; 0 where there is none."""
        return self.metrics().get(name, 0.0)

    def wait(self, what: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + patience
        while not what():
            assert time.monotonic() < deadline, f"it does not happen: {self.said()[-2000:]}"
            time.sleep(0.05)

    def wait_until_ready(self) -> None:
        """Wait until all runs."""
        self.wait(lambda: self.process.poll() is not None or self.page("/-/ready").startswith("ready"))
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text("utf-8", "replace")
