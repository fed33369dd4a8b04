"""Requests as they come in."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.metrics.request import MAX_HEAD, MAX_HEADERS, BadRequest, Request, is_whole, parse


def test_a_scrape_is_read() -> None:
    """Method, path without its query, headers by lower-case name."""
    request = parse(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip \r\nX: 1\r\nx: 2\r\n\r\nbody")

    assert request == Request("GET", "/metrics", {"host": "a", "accept-encoding": "gzip", "x": "1, 2"})


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET  /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_plainly_right_is_refused(head: bytes) -> None:
    """Whatever could be read in two ways is read in none."""
    with pytest.raises(BadRequest) as refused:
        parse(head)

    assert refused.value.status == 400


def test_an_old_client_needs_no_host() -> None:
    """HTTP/1.0 has none."""
    assert parse(b"GET / HTTP/1.0\r\n\r\n").path == "/"


def test_too_many_headers_are_refused() -> None:
    """431, as RFC 6585 has it."""
    with pytest.raises(BadRequest) as refused:
        parse(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * MAX_HEADERS + b"\r\n")

    assert refused.value.status == 431


def test_a_head_without_an_end_is_cut_off() -> None:
    """However much is sent, no more than the cap is kept."""
    assert not is_whole(b"GET / HTTP/1.1\r\nX: " + b"a" * 1000)
    assert is_whole(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(BadRequest) as refused:
        is_whole(b"a" * (MAX_HEAD + 1))
    assert refused.value.status == 431


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", True),
        ("text/plain, Application/OpenMetrics-Text; q=0.9", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.000", False),
        ("text/plain", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_what_is_accepted(value: str, *, accepted: bool) -> None:
    """OpenMetrics is for those who name it, and do not say never."""
    assert Request("GET", "/", {"accept": value}).accepts("accept", "application/openmetrics-text") is accepted


@given(data=st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    """There is a request or a refusal, nothing else."""
    with suppress(BadRequest):
        assert parse(data).path.startswith("/")
