"""What a service tells systemd about itself (sd_notify(3)): datagrams of ``NAME=value`` lines to a Unix socket."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_STATUS = 200


class Notify:
    """The socket that systemd named, or nobody: then nothing happens."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Take what systemd set: ``NOTIFY_SOCKET``, and with a watchdog ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = ("\0" + path[1:]) if path.startswith("@") else path if path.startswith("/") else None
        self.watchdog_seconds = _watchdog(environ)
        """How long systemd waits for :meth:`alive` before it restarts the service; ``None``: for ever."""

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens: we run as a service of type notify."""
        return self._address is not None

    def ready(self, status: str = "") -> None:
        """Say that all is in place, after the start and after each reload."""
        self._send("READY=1", status)

    def reloading(self) -> None:
        """Say that a reload begins; :meth:`ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str = "") -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1", status)

    def alive(self, status: str = "") -> None:
        """Say that the work goes on: at least twice within :attr:`watchdog_seconds`."""
        self._send("WATCHDOG=1", status)

    def status(self, status: str) -> None:
        """Say how things are, in a line that ``systemctl status`` shows."""
        self._send("", status)

    def extend(self, seconds: float) -> None:
        """Ask for more time while starting, reloading or stopping takes long."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _send(self, lines: str, status: str = "") -> None:
        if self._address is None:
            return
        told = f"STATUS={harmless(status, MAX_STATUS)}" if status else ""
        content = "\n".join(part for part in (lines, told) if part)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as end:
                end.sendto(content.encode(), self._address)
        except OSError:
            pass  # A service manager that does not listen is no reason to stop watching.


def _watchdog(environ: Mapping[str, str]) -> float | None:
    time_out, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    is_ours = not process or process == str(os.getpid())
    return int(time_out) / 1e6 if time_out.isdecimal() and int(time_out) and is_ours else None
