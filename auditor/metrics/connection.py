"""One connection: TLS, one request read to a deadline, one answer, the end."""

from __future__ import annotations

import socket
import ssl
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from auditor.metrics.pages import Answer, refusal
from auditor.metrics.request import BadRequest, is_whole, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.metrics.request import Request
    from auditor.metrics.web_config import Web

MAX_READING = 10.0
"""Seconds from accepting to a whole request, TLS included: however slowly bytes drip, no longer."""
MAX_WRITING = 20.0
_MAX_DRAINED = 64 * 1024
_CHUNK = 16 * 1024


class Connection:
    """What one client may have of us."""

    def __init__(self, plain: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._socket = plain
        self._clock = clock
        self.is_reading = True
        """Nothing was asked yet: the first to be cut when there are too many."""

    def serve(self, web: Web, answer: Callable[[Request, Web], Answer]) -> None:
        """Answer one request, or say why not; a client that is gone or too slow is none of our errors.

        Raises:
            OSError: as soon as the client does.
        """
        deadline = self._clock() + MAX_READING
        if web.tls is not None:
            wrapped = web.tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            wrapped.settimeout(MAX_READING)
            self._socket = wrapped  # before the handshake, so that it can be cut
            wrapped.do_handshake()
        method, found = self._found(web, answer, deadline)
        self._send(found, is_head=method == "HEAD")
        self._end()

    def cut(self) -> None:
        """End it from another thread, whatever it is doing."""
        try:
            # Below TLS: that would take its state from under the thread that is using it.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _found(self, web: Web, answer: Callable[[Request, Web], Answer], deadline: float) -> tuple[str, Answer]:
        try:
            request = parse(self._head(deadline))
        except BadRequest as problem:
            self.is_reading = False
            return "GET", refusal(problem.status)
        except TimeoutError:
            return "GET", refusal(408)
        self.is_reading = False
        if not self._is_allowed(web):
            return request.method, refusal(403)
        return request.method, answer(request, web)

    def _head(self, deadline: float) -> bytes:
        data = b""
        while not is_whole(data):
            left = deadline - self._clock()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            more = self._socket.recv(_CHUNK)
            if not more:
                raise ConnectionResetError
            data += more
        return data

    def _is_allowed(self, web: Web) -> bool:
        """Say whether the client's certificate has one of the names that count, where names are demanded."""
        if not web.allowed_names or not isinstance(self._socket, ssl.SSLSocket):
            return True
        certificate = self._socket.getpeercert() or {}
        names = {str(pair[1]) for pair in certificate.get("subjectAltName", ())}
        return not web.allowed_names.isdisjoint(names)

    def _send(self, answer: Answer, *, is_head: bool) -> None:
        headers = {
            "Date": formatdate(usegmt=True),
            "Connection": "close",
            "Content-Length": str(len(answer.body)),
            **answer.headers,
        }
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        deadline = self._clock() + MAX_WRITING
        left = memoryview(head if is_head else head + answer.body)
        while left:
            self._socket.settimeout(max(0.001, deadline - self._clock()))
            left = left[self._socket.send(left[:_CHUNK]) :]
            if self._clock() > deadline:
                raise TimeoutError

    def _end(self) -> None:
        """Say that nothing follows, and take what is on its way: a reset would take the answer with it."""
        deadline = self._clock() + 1
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(1)
            self._socket = self._socket.unwrap()
        self._socket.shutdown(socket.SHUT_WR)
        drained = 0
        while drained < _MAX_DRAINED and (left := deadline - self._clock()) > 0:
            self._socket.settimeout(left)
            data = self._socket.recv(_CHUNK)
            if not data:
                return
            drained += len(data)
