"""Connections to servers that fail in every way."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from auditor.sinks.fields import Remote
from auditor.sinks.server import Server, TlsEntry
from tests.build.certificates import Certificates, make_certificates
from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Listener:
    """A server of the test, which keeps what each connection brought."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.received: list[bytes] = []
        self._context = context
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Close the connections, and go on listening."""
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.hang_up()
        self._thread.join(10)

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with suppress(OSError):
                    if self._context is not None:
                        connection = self._context.wrap_socket(connection, server_side=True)
                    self._open.append(connection)
                    self.received.append(b"")
                    with connection:
                        while data := connection.recv(65536):
                            self.received[-1] += data
                connection.close()


@contextmanager
def listening(certificate: Path | None = None, ca: Path | None = None) -> Iterator[Listener]:
    """A server, over TLS if it has a certificate; with ``ca`` it asks for the client's."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    listener = Listener(context)
    try:
        yield listener
    finally:
        listener.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and whom it vouches for."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


def files(**paths: Path) -> TlsEntry:
    """What a file says of TLS."""
    return TlsEntry.model_validate({name: str(path) for name, path in paths.items()})


def over(how: str, listener: Listener, tls: TlsEntry | None = None, host: str = "127.0.0.1") -> Server:
    """A connection to a server of the test."""
    return Server(Remote("tls" if how == "tls" else "tcp", host, listener.port), tls or TlsEntry(), timeout=5)


def test_frames_arrive_over_one_connection() -> None:
    """However many there are."""
    with listening() as listener:
        server = over("tcp", listener)
        server.write([b"one", b"two"])
        server.write([b"three"])
        server.close()
        server.close()
        wait_until(lambda: listener.received == [b"onetwothree"])


def test_a_connection_that_the_server_closed_is_made_anew() -> None:
    """Before anything is sent into it: nothing is lost where the end can be seen."""
    with listening() as listener:
        server = over("tcp", listener)
        server.write([b"one"])
        wait_until(lambda: listener.received == [b"one"])
        listener.hang_up()
        wait_until(lambda: server._socket is not None and server._has_ended(server._socket))
        server.write([b"two"])
        wait_until(lambda: listener.received == [b"one", b"two"])
        server.close()


def test_nobody_listens() -> None:
    """The error says where, and that it was refused."""
    with listening() as listener:
        server = over("tcp", listener)
    with pytest.raises(OSError, match=r"tcp:127.0.0.1:[0-9]+: Connection refused"):
        server.write([b"one"])


def test_one_who_does_not_read_is_not_waited_for() -> None:
    """It is an error after a while."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(Remote("tcp", "127.0.0.1", listener.getsockname()[1]), TlsEntry(), timeout=0.1)
        with pytest.raises(OSError, match="timed out"):
            server.write([b"x" * (64 << 20)])


def test_tls_with_a_certificate_of_ours(certificates: Certificates) -> None:
    """Both show who they are."""
    with listening(certificates.server, certificates.ca) as listener:
        tls = files(ca=certificates.ca, certificate=certificates.client)
        server = over("tls", listener, tls, "localhost")
        server.write([b"one"])
        server.write([b"two"])
        server.close()
        wait_until(lambda: listener.received == [b"onetwo"])
        assert tls.reads == (certificates.ca, certificates.client)


def test_tls_by_address(certificates: Certificates) -> None:
    """The certificate bears the address; the key is in a file of its own."""
    with listening(certificates.server) as listener:
        client = certificates.client
        tls = files(ca=certificates.ca, certificate=client.with_suffix(".crt"), key=client.with_suffix(".key"))
        server = over("tls", listener, tls)
        server.write([b"one"])
        server.close()
        wait_until(lambda: listener.received == [b"one"])


def test_a_server_of_another_name_is_told_nothing(certificates: Certificates, tmp_path: Path) -> None:
    """Its certificate is good, and somebody else's."""
    other = make_certificates(tmp_path, "DNS:siem.example.com")
    del certificates
    with listening(other.server) as listener:
        with pytest.raises(OSError, match=r"its certificate is not trusted: .*(localhost|mismatch)"):
            over("tls", listener, files(ca=other.ca), "localhost").write([b"secret"])
        assert b"".join(listener.received) == b""


def test_a_server_that_nobody_vouches_for_is_told_nothing(certificates: Certificates) -> None:
    """The system's authorities do not know it."""
    with listening(certificates.server) as listener:
        with pytest.raises(OSError, match="its certificate is not trusted"):
            over("tls", listener, None, "localhost").write([b"secret"])
        assert b"".join(listener.received) == b""


def test_a_file_that_is_missing_is_an_error_of_the_connection(certificates: Certificates, tmp_path: Path) -> None:
    """It may be there at the next try."""
    with listening(certificates.server) as listener, pytest.raises(OSError, match="No such file"):
        over("tls", listener, files(ca=tmp_path / "missing.pem"), "localhost").write([b"x"])
