"""A real Prometheus and a real Alertmanager on loopback, and what they send their news to.

Each is a process of its own on a free port, ends with its context, and keeps nothing::

    with (
        receiver() as news,
        alertmanager(routing(news.url)) as alerts,
        prometheus({"auditor": port}, alerts=alerts) as seen,
    ):
        seen.until('up{job="auditor"} == 1')
        alert = news.until(lambda alert: alert["labels"]["alertname"] == "AuditorViolation")

The first sample lands some seconds after the start: wait for a series before something rises, or no increase is seen.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = (DEPLOY / "prometheus" / "recording.yml", DEPLOY / "prometheus" / "alerts.yml")
PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}
MAX_WAITING = 60.0
_READY = 30.0
T = TypeVar("T")


def program(name: str) -> str:
    """Return the path of a program; skips the test, naming the package, where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}: apt-get install {PACKAGES[name]}")
    return found


def free_port() -> int:
    """Return a port of loopback that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class TooLate(AssertionError):  # noqa: N818 - what was waited for did not come
    """Something did not happen in time; the message says what was seen instead."""


def wait(look: Callable[[], T | None], what: str, timeout: float = MAX_WAITING, pause: float = 0.1) -> T:
    """Look again and again until there is something."""
    deadline = time.monotonic() + timeout
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise TooLate(what)
        time.sleep(pause)
    return found


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now.

        Raises:
            ValueError: if Prometheus refuses the expression.
        """
        answer = _ask(f"{self.url}/api/v1/query", query=expression)
        if answer["status"] != "success":
            raise ValueError(f"{answer['error']}: {expression}")
        result = answer["data"]["result"]
        return result if answer["data"]["resultType"] == "vector" else [{"metric": {}, "value": result}]

    def until(self, expression: str, timeout: float = MAX_WAITING) -> list[dict[str, Any]]:
        """Wait until an expression has samples, and return them."""
        return wait(lambda: self.query(expression) or None, f"no sample of {expression}", timeout)

    def alerts(self, state: str = "firing") -> list[dict[str, Any]]:
        """Return the alerts in this state, each with labels and annotations."""
        every: list[dict[str, Any]] = _ask(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return [alert for alert in every if alert["state"] == state]

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """Return the exemplars of the last minutes, series by series."""
        now = time.time()
        answer = _ask(f"{self.url}/api/v1/query_exemplars", query=expression, start=now - 600, end=now + 60)
        found: list[dict[str, Any]] = answer["data"]
        return found


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """One that runs."""

    url: str

    @property
    def target(self) -> str:
        """Address and port, as Prometheus is told of it."""
        return self.url.removeprefix("http://")

    def add(self, *alerts: Mapping[str, str]) -> None:
        """Let alerts with these labels fire."""
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, headers)  # noqa: S310 - on loopback
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            pass

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that it knows, with their status."""
        found: list[dict[str, Any]] = _ask(f"{self.url}/api/v2/alerts")
        return found


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told of alerts."""

    url: str
    posts: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was told, in order: Alertmanager's JSON."""

    def alerts(self) -> list[dict[str, Any]]:
        """Return all alerts that were told."""
        return [alert for post in list(self.posts) for alert in post["alerts"]]

    def until(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = MAX_WAITING) -> dict[str, Any]:
        """Wait for an alert, and return it."""

        def look() -> dict[str, Any] | None:
            return next((alert for alert in self.alerts() if wanted(alert)), None)

        try:
            return wait(look, "not told", timeout)
        except TooLate:
            raise TooLate(f"not among {[alert['labels'] for alert in self.alerts()]}") from None


@contextmanager
def prometheus(
    targets: Mapping[str, int],
    *,
    rules: Sequence[Path] = RULES,
    alerts: Alertmanager | None = None,
    interval: str = "1s",
    scrape: Mapping[str, object] | None = None,
) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes a port of loopback for each job, and evaluates rules; ready when given.

    ``scrape`` is added to every job: TLS, passwords. Intervals are short, because tests wait for them.
    """
    config: dict[str, Any] = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}], **(scrape or {})}
            for job, port in targets.items()
        ],
    }
    if alerts is not None:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alerts.target]}]}]}
    with tempfile.TemporaryDirectory(prefix="prometheus-") as name:
        folder, port = Path(name), free_port()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command = [
            program("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
            "--enable-feature=exemplar-storage",
        ]
        url = f"http://127.0.0.1:{port}"
        with _running(command, f"{url}/-/ready", folder):
            yield Prometheus(url)


@contextmanager
def alertmanager(config: str) -> Iterator[Alertmanager]:
    """Run an Alertmanager with this configuration; ready when given."""
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as name:
        folder, port = Path(name), free_port()
        (folder / "alertmanager.yml").write_text(config)
        command = [
            program("prometheus-alertmanager"),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        url = f"http://127.0.0.1:{port}"
        with _running(command, f"{url}/-/ready", folder):
            yield Alertmanager(url)


def routing(url: str) -> str:
    """Return the shipped configuration of Alertmanager, with every mail a post to ``url`` and no pause before one."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8"))
    config["templates"] = [str(DEPLOY / "alertmanager" / "templates" / "*.tmpl")]
    for each in config["receivers"]:
        if each.pop("email_configs", None):
            each["webhook_configs"] = [{"url": url, "send_resolved": True}]
    routes = [config["route"]]
    while routes:
        route = routes.pop()
        route.update(group_wait="0s", group_interval="1s")
        routes += route.get("routes", [])
    return yaml.safe_dump(config)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a webhook that keeps what it is told."""
    port = free_port()
    kept = Receiver(f"http://127.0.0.1:{port}/")

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", port), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _running(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)

    def look() -> bool | None:
        if process.poll() is not None:
            raise TooLate(f"{command[0]} ended:\n{(folder / 'log').read_text('utf-8', 'replace')}")
        return _answers(ready) or None

    try:
        wait(look, f"{command[0]} is not ready", _READY)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own, on loopback
            return bool(response.status == 200)
    except OSError:
        return False


def _ask(url: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON of others
    if parameters:
        url = f"{url}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own, on loopback
            return json.load(response)
    except urllib.error.HTTPError as refused:  # Prometheus tells in JSON what is wrong with an expression
        with refused:
            return json.load(refused)
