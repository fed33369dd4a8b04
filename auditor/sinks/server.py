"""A connection to a server, over TCP or TLS, that is made again after it failed.

TCP acknowledges to the kernel, not to us: what a server had not read when it died is lost, unless its end was seen
before the next frame went out. So the end is looked for first.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import Field

from auditor.sinks import fields  # noqa: TC001  pydantic reads the annotations
from auditor.written.schema import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.sinks.fields import Remote

TIMEOUT = 10.0
"""Seconds in which a server must answer, and take what it is sent."""
_IDLE, _BETWEEN, _PROBES = 30, 10, 3
"""Keep-alive: seconds until the first probe, between probes, and how many are in vain."""


class TlsEntry(Entry):
    """What a connection over TLS rests on. The server's name is always checked against its certificate."""

    ca: fields.FilePath | None = Field(
        default=None, description="Certificates of those who may vouch for the server. Default: the system's."
    )
    certificate: fields.FilePath | None = Field(
        default=None, description="The certificate, with its chain, that is shown to the server."
    )
    key: fields.FilePath | None = Field(default=None, description="Its key, where it is not in the same file.")

    @property
    def reads(self) -> tuple[Path, ...]:
        """The files; they are read at each connection, so that a renewed certificate is used."""
        return tuple(path for path in (self.ca, self.certificate, self.key) if path)


class Server:
    """A server that takes frames one after the other."""

    def __init__(self, remote: Remote, tls: TlsEntry, timeout: float = TIMEOUT) -> None:
        self._remote = remote
        self._tls = tls
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def write(self, frames: Sequence[bytes]) -> None:
        """Send frames; after a failure the next try is over a new connection, in which no half frame stands.

        Raises:
            OSError: if they cannot be sent; an :class:`ssl.SSLError` is one.
        """
        try:
            if self._socket is not None and self._has_ended(self._socket):
                self.close()
            (self._socket or self._connect()).sendall(b"".join(frames))
        except OSError as problem:
            self.close()
            raise OSError(f"{self._remote}: {_words(problem)}") from problem

    def close(self) -> None:
        """Close the connection, in TLS with a word."""
        connection, self._socket = self._socket, None
        if isinstance(connection, ssl.SSLSocket):
            connection.settimeout(1)
            with suppress(OSError, ValueError):
                connection = connection.unwrap()
        if connection is not None:
            connection.close()

    def _connect(self) -> socket.socket:
        made = socket.create_connection((self._remote.host, self._remote.port), self._timeout)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _BETWEEN)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._timeout * 1000))
            if self._remote.how == "tls":
                made = self._context().wrap_socket(made, server_hostname=self._remote.host)
        except (OSError, ValueError):
            made.close()
            raise
        self._socket = made
        return made

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._tls.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._tls.certificate is not None:
            # A key with a pass phrase would ask the terminal for it.
            context.load_cert_chain(self._tls.certificate, self._tls.key, password="")
        return context

    def _has_ended(self, connection: socket.socket) -> bool:
        """Whether the server closed it; what it says, it says to nobody."""
        connection.settimeout(0)
        try:
            return connection.recv(4096) == b""
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(self._timeout)


def _words(problem: OSError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message}"
    return problem.strerror or str(problem) or type(problem).__name__
