"""One connection."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from auditor.metrics import connection
from auditor.metrics.connection import Connection
from auditor.metrics.pages import Answer
from auditor.metrics.web_config import Web

if TYPE_CHECKING:
    from auditor.metrics.request import Request

LARGE = 8 * 1024 * 1024


def answer(request: Request, _web: Web) -> Answer:
    """Answer with the path, or with much."""
    return Answer(200, b"x" * LARGE if request.path == "/large" else request.path.encode(), {"X-Own": "1"})


def talk(*said: bytes, pause: float = 0.0) -> bytes:
    """Say something to a connection, and return all that comes back."""
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=_serve, args=(theirs,))
    serving.start()
    with ours:
        ours.settimeout(5)
        heard = b""
        for each in said:
            ours.sendall(each)
            time.sleep(pause)
        while data := ours.recv(65536):
            heard += data
    serving.join(timeout=5)
    return heard


def _serve(theirs: socket.socket) -> None:
    one = Connection(theirs)
    try:
        one.serve(Web(), answer)
    except OSError:
        pass
    finally:
        one.close()


def test_one_request_is_answered_and_the_connection_ends() -> None:
    """The length is told, nothing of the program is."""
    head, _, body = talk(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").partition(b"\r\n\r\n")

    assert body == b"/metrics"
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {"Connection: close", "Content-Length: 8", "X-Own: 1"} <= set(lines)
    assert not any(line.lower().startswith("server:") for line in lines)


def test_a_request_may_come_in_drops() -> None:
    """Segments cut where they like."""
    drops = [bytes([byte]) for byte in b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"]

    assert talk(*drops).endswith(b"\r\n\r\n/a")


def test_a_head_has_no_body() -> None:
    """But its length."""
    heard = talk(b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")

    assert heard.endswith(b"\r\n\r\n")
    assert b"Content-Length: 8\r\n" in heard


def test_a_body_that_nobody_wants_does_not_lose_the_answer() -> None:
    """A reset would take it from the client's hands."""
    heard = talk(b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50000)

    assert heard.endswith(b"/-/reload")


def test_a_second_request_is_not_answered() -> None:
    """One a connection: nothing can be smuggled behind the first."""
    request = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    assert talk(request + request).count(b"HTTP/1.1 200 OK") == 1


def test_nonsense_is_refused() -> None:
    """With a status and without a word."""
    assert talk(b"EHLO me\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert talk(b"x" * 20_000).startswith(b"HTTP/1.1 431 ")


def test_whoever_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is that of the whole request, not of each byte."""
    monkeypatch.setattr(connection, "MAX_READING", 0.3)

    begun = time.monotonic()
    heard = talk(b"GET", b" ", b"/a", b" ", b"H", b"T", pause=0.1)

    assert heard.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - begun < 3


def test_whoever_does_not_listen_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks for much and reads nothing holds a thread for so long and no longer."""
    monkeypatch.setattr(connection, "MAX_WRITING", 0.3)
    ours, theirs = socket.socketpair()
    one = Connection(theirs)
    with ours, theirs:
        ours.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")

        with pytest.raises(TimeoutError):
            one.serve(Web(), answer)


def test_a_client_that_leaves_is_a_plain_error() -> None:
    """None of ours."""
    ours, theirs = socket.socketpair()
    ours.sendall(b"GET /a HT")
    ours.close()

    with theirs, pytest.raises(ConnectionError):
        Connection(theirs).serve(Web(), answer)


def test_another_thread_can_cut_it() -> None:
    """To make room, or to end."""
    ours, theirs = socket.socketpair()
    one = Connection(theirs)
    serving = threading.Thread(target=_serve_quietly, args=(one,))
    serving.start()
    time.sleep(0.05)
    assert one.is_reading

    one.cut()
    serving.join(timeout=5)

    assert not serving.is_alive()
    ours.close()
    one.close()
    one.cut()


def _serve_quietly(one: Connection) -> None:
    try:
        one.serve(Web(), answer)
    except OSError:
        return
