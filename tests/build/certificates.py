"""Certificates for tests, made with openssl: an authority, a server on loopback, a client."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Pair(NamedTuple):
    """A certificate and its key."""

    cert: Path
    key: Path


def authority(folder: Path, name: str = "ca") -> Pair:
    """Make an authority of its own right; skips where there is no openssl."""
    pair = _pair(folder, name)
    _openssl("req", "-x509", *_NEW_KEY, "-days", "2", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", pair.cert)
    return pair


def certificate(folder: Path, name: str, by: Pair, names: str = "IP:127.0.0.1,DNS:localhost") -> Pair:
    """Make a certificate for these names."""
    pair, request = _pair(folder, name), folder / f"{name}.csr"
    _openssl("req", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\n")
    sign = ("x509", "-req", "-in", request, "-CA", by.cert, "-CAkey", by.key, "-CAcreateserial", "-days", "2")
    _openssl(*sign, "-extfile", extensions, "-out", pair.cert)
    return pair


def _pair(folder: Path, name: str) -> Pair:
    return Pair(folder / f"{name}.pem", folder / f"{name}.key")


def _openssl(*arguments: str | Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: apt-get install openssl")
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
