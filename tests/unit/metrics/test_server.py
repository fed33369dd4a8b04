"""The page that Prometheus scrapes, over real sockets."""

from __future__ import annotations

import http.client
import inspect
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from auditor.metrics import server
from auditor.metrics.server import serve
from auditor.written.in_force import Unusable
from tests.build.certificates import make_certificates
from tests.build.expositions import exposition
from tests.build.states import busy_state
from tests.unit.metrics.test_passwords import HASH, basic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auditor.metrics.server import Server


@contextmanager
def serving(web_config: Path | None = None, address: str = "127.0.0.1") -> Iterator[Server]:
    """Serve a busy sensor on a free port."""
    with serve(
        busy_state,
        reload=lambda: True,
        healthy=lambda: True,
        ready=lambda: False,
        address=address,
        port=0,
        web_config=web_config,
    ) as one:
        yield one


def ask(
    one: Server, path: str, method: str = "GET", context: ssl.SSLContext | None = None, **headers: str
) -> tuple[int, bytes]:
    """Ask as any client does."""
    if context is None:
        connection = http.client.HTTPConnection(one.address, one.port, timeout=10)
    else:
        connection = http.client.HTTPSConnection(one.address, one.port, timeout=10, context=context)
    with closing(connection):
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()


def test_metrics_and_health_are_served() -> None:
    """On loopback, on the port that was free."""
    with serving() as one:
        assert ask(one, "/metrics") == (200, exposition(busy_state()).encode())
        assert ask(one, "/-/healthy") == (200, b"healthy\n")
        assert ask(one, "/-/ready") == (503, b"not ready\n")
        assert ask(one, "/-/reload", "POST") == (200, b"reloaded\n")
        assert one.url == f"http://127.0.0.1:{one.port}"


def test_ipv6_is_served() -> None:
    """Addresses with colons are written in brackets."""
    with serving(address="::1") as one:
        assert one.url == f"http://[::1]:{one.port}"
        assert ask(one, "/-/healthy")[0] == 200


def test_the_default_is_loopback() -> None:
    """Nobody else sees it unless somebody says so."""
    assert server.LOOPBACK == "127.0.0.1"
    assert inspect.signature(serve).parameters["address"].default == server.LOOPBACK


def test_an_address_that_is_taken_is_an_error() -> None:
    """At once, not in a log."""
    with serving() as one, pytest.raises(OSError, match="in use"):
        serve(busy_state, reload=bool, healthy=bool, ready=bool, port=one.port)


def test_a_bad_web_configuration_opens_no_port(tmp_path: Path) -> None:
    """The door is not opened before the lock is there."""
    path = tmp_path / "web.yml"
    path.write_text("basic_auth_users: {a: b}\n")

    with pytest.raises(Unusable):
        serve(busy_state, reload=bool, healthy=bool, ready=bool, port=0, web_config=path)


def test_closing_ends_all_threads() -> None:
    """Those that wait for a request too."""
    with serving() as one, socket.create_connection((one.address, one.port)):
        assert wait(lambda: len(own_threads()) == 2)

    assert wait(lambda: not own_threads())


def own_threads() -> list[str]:
    """The names of the threads that servers have."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("metrics")]


def wait(until: Callable[[], bool]) -> bool:
    """Wait some seconds for something to become true."""
    deadline = time.monotonic() + 5
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)
    return until()


def test_silent_connections_keep_nobody_out() -> None:
    """However many there are: the oldest goes."""
    with serving() as one:
        silent = [socket.create_connection((one.address, one.port)) for _ in range(2 * server.MAX_CONNECTIONS)]
        try:
            begun = time.monotonic()
            assert ask(one, "/-/healthy")[0] == 200
            assert time.monotonic() - begun < 5
            assert len(one._open) <= server.MAX_CONNECTIONS
        finally:
            for each in silent:
                each.close()


def test_clients_that_do_not_listen_keep_nobody_out() -> None:
    """They asked, so the oldest of all goes."""
    with serving() as one:
        deaf = []
        try:
            for _ in range(server.MAX_CONNECTIONS + 4):
                each = socket.socket()
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                each.connect((one.address, one.port))
                each.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                deaf.append(each)
            assert ask(one, "/-/healthy")[0] == 200
        finally:
            for each in deaf:
                each.close()


@pytest.mark.parametrize("said", [b"", b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"a" * 500, b"GET / HTTP/1.1\r\n"])
def test_hostile_clients_leave_it_serving(said: bytes) -> None:
    """Whatever they say and however they leave."""
    with serving() as one:
        for _ in range(5):
            with socket.create_connection((one.address, one.port)) as rude:
                rude.sendall(said)
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

        assert ask(one, "/-/healthy")[0] == 200


def test_passwords_are_asked_for(tmp_path: Path) -> None:
    """From the file, as Prometheus has it."""
    path = tmp_path / "web.yml"
    path.write_text(f"basic_auth_users: {{prometheus: {HASH}}}\n")

    with serving(path) as one:
        assert ask(one, "/metrics")[0] == 401
        assert ask(one, "/metrics", Authorization=basic("prometheus", "correct horse"))[0] == 200


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates of an authority, a server and a client, and another folder with those of strangers."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    make_certificates(folder / "other")
    return folder


def trusting(folder: Path, client: str | None = None) -> ssl.SSLContext:
    """A client that trusts the authority."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if client is not None:
        context.load_cert_chain(folder / client)
    return context


def test_tls_is_served(made: Path) -> None:
    """To who speaks it; plain text gets nothing."""
    path = made / "tls.yml"
    path.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")

    with serving(path) as one:
        assert one.url.startswith("https://")
        assert ask(one, "/metrics", context=trusting(made)) == (200, exposition(busy_state()).encode())
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(one, "/metrics")


@pytest.mark.parametrize(("name", "status"), [("sensor-1", 200), ("sensor-2", 403)])
def test_clients_need_a_certificate_with_a_name_that_counts(made: Path, name: str, status: int) -> None:
    """Of our authority; a stranger's with the right name is none."""
    path = made / f"{name}.yml"
    path.write_text(
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [{name}]\n"
    )

    with serving(path) as one:
        assert ask(one, "/metrics", context=trusting(made, "client.pem"))[0] == status
        for other in (None, "other/client.pem"):
            with pytest.raises((http.client.HTTPException, OSError)):
                ask(one, "/metrics", context=trusting(made, other))


def test_a_renewed_certificate_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart, as they are renewed every few weeks."""
    monkeypatch.setattr("auditor.metrics.web_in_force.MIN_AGE", 0.0)
    make_certificates(tmp_path)
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")

    with serving(path) as one:
        before = ssl.get_server_certificate((one.address, one.port), timeout=5)
        make_certificates(tmp_path)
        after = ssl.get_server_certificate((one.address, one.port), timeout=5)

    assert before != after
