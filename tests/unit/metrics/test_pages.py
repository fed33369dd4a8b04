"""What is answered to whom."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING

import pytest

from auditor.metrics.exposition import OPEN_METRICS, TEXT
from auditor.metrics.pages import Pages
from auditor.metrics.passwords import Passwords
from auditor.metrics.request import Request
from auditor.metrics.sensor import SensorCollector
from auditor.metrics.web_config import Web
from tests.build.expositions import exposition
from tests.build.states import busy_state
from tests.unit.metrics.test_passwords import HASH, basic

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.metrics.pages import Answer
    from auditor.model.health import SensorState

OPEN = {"accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}


def ask(
    path: str = "/metrics",
    headers: dict[str, str] | None = None,
    method: str = "GET",
    *,
    state: Callable[[], SensorState] = busy_state,
    reload: Callable[[], bool] = lambda: True,
    is_well: bool = True,
    web: Web | None = None,
) -> Answer:
    """Ask a sensor for a page."""
    pages = Pages(SensorCollector(state), reload, lambda: is_well, lambda: is_well)
    return pages.answer(Request(method, path, headers or {}), web or Web())


def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    """OpenMetrics for Prometheus, the older text for everybody else."""
    old, new = ask(), ask(headers=OPEN)

    assert (old.status, old.headers["Content-Type"], old.body.decode()) == (200, TEXT, exposition(busy_state()))
    assert (new.headers["Content-Type"], new.body.decode()) == (OPEN_METRICS, exposition(busy_state(), is_open=True))


def test_metrics_are_compressed_for_who_can_read_it() -> None:
    """Some ten times smaller."""
    answer = ask(headers={"accept-encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body).decode() == exposition(busy_state())
    assert len(answer.body) * 5 < len(exposition(busy_state()))


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_health_is_a_status(path: str) -> None:
    """200 or 503, which is all that a probe looks at."""
    assert ask(path).status == 200
    assert ask(path, is_well=False).status == 503


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_says_whether_it_was_accepted(method: str) -> None:
    """A file that was refused is 500, as with Prometheus; why stands in the log, where nobody else reads it."""
    assert ask("/-/reload", method=method).status == 200
    assert ask("/-/reload", method=method, reload=lambda: False).status == 500


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_looking_at_the_reload_does_nothing(method: str) -> None:
    """A crawler or a preview changes nothing."""
    answer = ask("/-/reload", method=method, reload=lambda: pytest.fail("was called"))

    assert (answer.status, answer.headers["Allow"]) == (405, "POST, PUT")


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_no_page_elsewhere_makes_a_browser_reload(headers: dict[str, str]) -> None:
    """Loopback is no wall against the browser on the same machine."""
    assert ask("/-/reload", headers, "POST", reload=lambda: pytest.fail("was called")).status == 403


@pytest.mark.parametrize(("path", "method", "status"), [("/nothing", "GET", 404), ("/metrics", "POST", 405)])
def test_what_is_not_there_is_refused_without_a_word(path: str, method: str, status: int) -> None:
    """Nothing of the request is sent back."""
    answer = ask(path, method=method)

    assert (answer.status, answer.body) == (status, b"")


def test_the_first_page_leads_to_the_others() -> None:
    """For people who came by."""
    body = ask("/").body

    assert b'href="/metrics"' in body
    assert b"<script" not in body


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/nothing"])
def test_with_users_every_page_needs_a_password(path: str) -> None:
    """As with Prometheus: health too, and what does not exist is not told from what does."""
    web = Web(passwords=Passwords({"prometheus": HASH}))

    refused = ask(path, web=web)

    assert (refused.status, refused.body) == (401, b"")
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert ask(path, {"authorization": basic("prometheus", "correct horse")}, web=web).status != 401


def test_an_error_of_our_own_is_told_without_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    """The log has it; whoever scrapes does not."""

    def broken() -> SensorState:
        raise RuntimeError("10.20.3.4 is at fault")

    answer = ask(state=broken)

    assert (answer.status, answer.body) == (500, b"")
    assert "a page could not be made" in caplog.text


def test_every_answer_bears_the_headers_that_are_configured() -> None:
    """And those that keep browsers from guessing."""
    answer = ask("/nothing", web=Web(headers={"Strict-Transport-Security": "max-age=1", "Cache-Control": "private"}))

    assert answer.headers["Strict-Transport-Security"] == "max-age=1"
    assert answer.headers["Cache-Control"] == "private"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_more_scrapes_than_anybody_needs_are_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would only slow down the sensor."""
    pages = Pages(SensorCollector(busy_state), lambda: True, lambda: True, lambda: True, threading.Semaphore(1))
    pages._scrapes.acquire()
    monkeypatch.setattr("auditor.metrics.pages.MAX_WAITING", 0.01)

    assert pages.answer(Request("GET", "/metrics"), Web()).status == 503
