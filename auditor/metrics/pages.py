"""What is answered to whom: the pages beside and including the metrics, without a socket in sight."""

from __future__ import annotations

import gzip
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from auditor.metrics.exposition import OPEN_METRICS, TEXT, open_metrics, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client.registry import Collector

    from auditor.metrics.request import Request
    from auditor.metrics.web_config import Web

MAX_SCRAPES = 4
"""At once. A scrape takes milliseconds; who asks for more at a time is no Prometheus."""
MAX_WAITING = 1.0
"""Seconds for one of them to end."""
_PLAIN = "text/plain; charset=utf-8"
_READING = ("GET", "HEAD")
_CHANGING = ("POST", "PUT")
_ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_HOME = b"""\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>auditor</title>
<h1>auditor</h1>
<ul>
<li><a href="/metrics">/metrics</a>: what Prometheus scrapes
<li><a href="/-/healthy">/-/healthy</a>: 200 while the sensor works
<li><a href="/-/ready">/-/ready</a>: 200 while it watches and records
<li>/-/reload: by POST or PUT, reads the policy and the identity sources again
</ul>
</html>
"""
_LOG = logging.getLogger(__name__)


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def refusal(status: int, **headers: str) -> Answer:
    """Make an answer that says no more than its status."""
    return Answer(status, b"", _ALWAYS | {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages of a sensor."""

    collector: Collector
    reload: Callable[[], bool]
    """Reads again what people wrote; ``False`` where something was refused."""
    healthy: Callable[[], bool]
    ready: Callable[[], bool]
    _scrapes: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_SCRAPES))
    _reloading: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request, web: Web) -> Answer:
        """Answer a request; errors of our own are logged and told as 500 without a reason."""
        if not web.passwords.allow(request.headers.get("authorization")):
            return _dressed(refusal(401, WWW_Authenticate='Basic realm="auditor", charset="UTF-8"'), web)
        try:
            found = self._route(request)
        except Exception:  # noqa: BLE001 - the client gets an answer, the log the error
            _LOG.exception("a page could not be made")
            found = refusal(500)
        return _dressed(found, web)

    def _route(self, request: Request) -> Answer:
        if request.path == "/-/reload":
            return self._reload(request)
        page = {
            "/": self._home,
            "/metrics": self._metrics,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
        }.get(request.path)
        if page is None:
            return refusal(404)
        if request.method not in _READING:
            return refusal(405, Allow=", ".join(_READING))
        return page(request)

    def _home(self, _request: Request) -> Answer:
        return Answer(200, _HOME, {"Content-Type": "text/html; charset=utf-8"})

    def _metrics(self, request: Request) -> Answer:
        is_open = request.accepts("accept", "application/openmetrics-text")
        if not self._scrapes.acquire(timeout=MAX_WAITING):
            return refusal(503, Retry_After="1")
        try:
            body = (open_metrics if is_open else text)(self.collector)
        finally:
            self._scrapes.release()
        headers = {"Content-Type": OPEN_METRICS if is_open else TEXT, "Vary": "Accept, Accept-Encoding"}
        if request.accepts("accept-encoding", "gzip"):
            return Answer(200, gzip.compress(body, 5, mtime=0), headers | {"Content-Encoding": "gzip"})
        return Answer(200, body, headers)

    def _healthy(self, _request: Request) -> Answer:
        return _said(200, "healthy") if self.healthy() else _said(503, "not healthy")

    def _ready(self, _request: Request) -> Answer:
        return _said(200, "ready") if self.ready() else _said(503, "not ready")

    def _reload(self, request: Request) -> Answer:
        if request.method not in _CHANGING:
            return refusal(405, Allow=", ".join(_CHANGING))
        # A browser says where a request comes from: no page of somebody else's makes a sensor do anything.
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return refusal(403)
        with self._reloading:
            is_accepted = self.reload()
        return _said(200, "reloaded") if is_accepted else _said(500, "refused: the log says why")


def _said(status: int, words: str) -> Answer:
    return Answer(status, f"{words}\n".encode(), {"Content-Type": _PLAIN})


def _dressed(answer: Answer, web: Web) -> Answer:
    return answer._replace(headers={**_ALWAYS, **answer.headers, **web.headers})
