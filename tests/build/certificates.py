"""Certificates for tests of TLS, made by openssl: a small authority, a server and a client of its own."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Certificates(NamedTuple):
    """An authority, and one file each with key and certificate."""

    ca: Path
    server: Path
    """Of ``localhost`` and 127.0.0.1."""
    client: Path


def make_certificates(folder: Path, *names: str) -> Certificates:
    """Make them; the server bears ``names``, else those of this machine's loopback."""
    if shutil.which("openssl") is None:
        pytest.skip("needs Debian's openssl")
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(folder, "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=CA")
    of_server = ",".join(names or ("DNS:localhost", "IP:127.0.0.1"))
    for name, alternative in (("server", of_server), ("client", "DNS:sensor-1")):
        request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        _openssl(folder, "req", *_NEW_KEY, *request, "-addext", f"subjectAltName={alternative}")
        signing = ("-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        _openssl(folder, "x509", "-req", *signing, "-copy_extensions", "copy", "-out", f"{name}.crt")
        both = (folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text()
        (folder / f"{name}.pem").write_text(both)
    return Certificates(folder / "ca.pem", folder / "server.pem", folder / "client.pem")


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)
