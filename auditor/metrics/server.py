"""The page that Prometheus scrapes, on a port of its own: bounded in threads, in time and in bytes.

Each connection has a thread, and there are never more than :data:`MAX_CONNECTIONS`. Where there would be, the oldest
that has not asked anything yet is cut, or else the oldest of all: whoever opens connections and is slow to speak or to
listen keeps nobody out. The kernel's queue holds the rest for the moment that takes.
"""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from auditor.metrics.connection import Connection
from auditor.metrics.pages import Pages
from auditor.metrics.sensor import SensorCollector
from auditor.metrics.web_in_force import WebInForce

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.model.health import SensorState

MAX_CONNECTIONS = 32
MAX_CLOSING = 5.0
"""Seconds."""
LOOPBACK = "127.0.0.1"
PORT = 9465
_LOG = logging.getLogger(__name__)


def serve(
    state: Callable[[], SensorState],
    *,
    reload: Callable[[], bool],
    healthy: Callable[[], bool],
    ready: Callable[[], bool],
    address: str = LOOPBACK,
    port: int = PORT,
    web_config: Path | None = None,
) -> Server:
    """Serve the metrics of a sensor until the server is closed; port 0 takes a free one.

    Raises:
        OSError: if the address cannot be had.
        Unusable: if the web configuration has an error.
    """
    pages = Pages(SensorCollector(state), reload, healthy, ready)
    return Server(pages, WebInForce(web_config), address, port)


class Server:
    """Accepts connections on a thread of its own."""

    def __init__(self, pages: Pages, web: WebInForce, address: str, port: int) -> None:
        self._pages = pages
        self._web = web
        self._open: dict[int, Connection] = {}
        """By number; the oldest first."""
        self._changing = threading.Condition()
        self._is_closing = False
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=64)
        self.address, self.port = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is, as a link."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'http' if self._web.web().tls is None else 'https'}://{host}:{self.port}"

    def close(self) -> None:
        """Take no more connections, and cut those that are open."""
        with self._changing:
            self._is_closing = True
            for each in self._open.values():
                each.cut()
            self._changing.notify_all()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
        self._thread.join(timeout=MAX_CLOSING)
        self._listener.close()
        with self._changing:
            self._changing.wait_for(lambda: not self._open, timeout=MAX_CLOSING)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _accept(self) -> None:
        number = 0
        while not self._is_closing:
            try:
                plain, _ = self._listener.accept()
            except OSError as problem:
                if not self._is_closing:
                    # Out of file descriptors, mostly: others have to end first.
                    _LOG.warning("no connection could be taken: %s", problem.strerror)
                    with self._changing:
                        self._changing.wait(timeout=1)
                continue
            number += 1
            connection = Connection(plain)
            if not self._has_room(number, connection):
                connection.close()
                continue
            try:
                threading.Thread(
                    target=self._serve, args=(number, connection), name="metrics-connection", daemon=True
                ).start()
            except RuntimeError:  # no thread is to be had
                self._forget(number, connection)

    def _has_room(self, number: int, connection: Connection) -> bool:
        """Enter a connection, once another has made room for it."""
        with self._changing:
            if len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open.values()))
                next((each for each in self._open.values() if each.is_reading), oldest).cut()
                self._changing.wait_for(lambda: len(self._open) < MAX_CONNECTIONS, timeout=1)
            if self._is_closing or len(self._open) >= MAX_CONNECTIONS:
                return False
            self._open[number] = connection
            return True

    def _serve(self, number: int, connection: Connection) -> None:
        try:
            connection.serve(self._web.web(), self._pages.answer)
        except OSError as problem:  # those of TLS are such too
            _LOG.debug("a connection ended: %s", problem)
        except Exception:  # noqa: BLE001 - the other connections go on
            _LOG.exception("a connection ended")
        finally:
            self._forget(number, connection)

    def _forget(self, number: int, connection: Connection) -> None:
        connection.close()
        with self._changing:
            self._open.pop(number, None)
            self._changing.notify_all()
