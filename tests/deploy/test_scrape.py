"""A real Prometheus at a page that is locked, by a file that Prometheus itself would take."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from auditor.metrics.server import serve
from auditor.metrics.web_config import read_web
from tests.build.certificates import make_certificates
from tests.build.prometheus import program, prometheus
from tests.build.states import busy_state
from tests.unit.metrics.test_passwords import HASH

if TYPE_CHECKING:
    from pathlib import Path

LOCKED = f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS12
http_server_config:
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
basic_auth_users:
  prometheus: {HASH}
"""


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A web configuration with everything, and its certificates beside it."""
    make_certificates(tmp_path)
    path = tmp_path / "web.yml"
    path.write_text(LOCKED)
    return path


def test_prometheus_takes_the_same_file(locked: Path) -> None:
    """What is right for the one is right for the other."""
    checked = subprocess.run(
        [program("promtool"), "check", "web-config", locked], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert read_web(locked).issues == ()


@pytest.mark.slow
@pytest.mark.parametrize(("password", "up"), [("correct horse", 1), ("wrong", 0)])
def test_prometheus_scrapes_a_page_that_is_locked(locked: Path, password: str, up: int) -> None:
    """Over TLS with a certificate of its own, and only with the password."""
    folder = locked.parent
    scrape = {
        "scheme": "https",
        "tls_config": {
            "ca_file": str(folder / "ca.pem"),
            "cert_file": str(folder / "client.crt"),
            "key_file": str(folder / "client.key"),
        },
        "basic_auth": {"username": "prometheus", "password": password},
    }

    with (
        serve(busy_state, reload=bool, healthy=bool, ready=bool, port=0, web_config=locked) as page,
        prometheus({"auditor": page.port}, scrape=scrape) as seen,
    ):
        (sample,) = seen.until('up{job="auditor"}')

        assert sample["value"][1] == str(up)
        assert bool(seen.query("auditor_build_info")) is bool(up)
