"""Reading a web configuration."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from auditor.metrics.web_config import Web, read_web
from tests.build.certificates import make_certificates
from tests.unit.metrics.test_passwords import HASH, basic

if TYPE_CHECKING:
    from pathlib import Path

TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's and a server's certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def read(folder: Path, text: str) -> tuple[Web | None, list[str]]:
    """Read a file; issues as ``code line:column``."""
    path = folder / "web.yml"
    path.write_text(text)
    loaded = read_web(path)
    return loaded.web, [f"{issue.code} {issue.line}:{issue.column}" for issue in loaded.issues]


def test_prometheus_own_example_is_read(made: Path) -> None:
    """All that its documentation shows and that this server can do."""
    web, issues = read(
        made,
        TLS
        + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        + "  client_allowed_sans: [prometheus.example]\n  min_version: TLS12\n  max_version: TLS13\n"
        + "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
        + "  prefer_server_cipher_suites: false\n  curve_preferences: [X25519]\n"
        + "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
        + f"basic_auth_users:\n  prometheus: {HASH}\n",
    )

    assert issues == []
    assert web is not None
    assert web.tls is not None
    assert web.tls.verify_mode == ssl.CERT_REQUIRED
    assert web.tls.minimum_version == ssl.TLSVersion.TLSv1_2
    assert web.headers == {"X-Frame-Options": "deny"}
    assert web.allowed_names == {"prometheus.example"}
    assert web.passwords.allow(basic("prometheus", "correct horse"))
    assert [file.name for file in web.files] == ["web.yml", "server.crt", "server.key", "ca.pem"]


@pytest.mark.parametrize("text", ["", "\n  \n"])
def test_an_empty_file_is_open_to_everybody(tmp_path: Path, text: str) -> None:
    """As with Prometheus."""
    web, issues = read(tmp_path, text)

    assert issues == []
    assert web is not None
    assert web.tls is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("basic_auth_users: {a: hunter2}\n", ["bad-hash 1:23"]),
        (f"basic_auth_users: {{'a:b': {HASH}}}\n", ["bad-user 1:20"]),
        ("basic_auth: {}\n", ["unknown-key 1:1"]),
        ("tls_server_config: {cert_file: server.crt}\n", ["missing-key 1:20"]),
        (TLS + "  min_version: TLS10\n", ["bad-tls-version 4:16"]),
        (TLS + "  min_version: TLS13\n  max_version: TLS12\n", ["bad-tls-version 5:16"]),
        (TLS + "  client_auth_type: RequireAnyClientCert\n", ["bad-client-auth-type 4:21"]),
        (TLS + "  client_auth_type: RequireAndVerifyClientCert\n", ["missing-client-ca 4:21"]),
        (TLS + "  client_ca_file: ca.pem\n", ["unused-key 4:19"]),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: server.key\n",
            ["bad-certificate 5:19"],
        ),
        (TLS + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", ["bad-cipher-suite 4:19"]),
        (TLS + "  curve_preferences: [CurveP256, X25519]\n", ["too-large 4:22"]),
        (TLS.replace("server.crt", "missing.pem"), ["file-unreadable 2:14"]),
        (TLS.replace("server.key", "ca.key"), ["bad-certificate 2:14"]),
        (TLS.replace("server.crt", "web.yml"), ["bad-certificate 2:14"]),
        ("http_server_config: {headers: {X-Frame-Options: maybe}}\n", ["bad-header 1:49"]),
        ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nX: y"}}\n', ["bad-header 1:50"]),
        ("- a\n", ["not-a-mapping 1:1"]),
        ("tls_server_config: [\n", ["yaml-syntax 2:1"]),
    ],
)
def test_what_is_wrong_has_its_place(made: Path, text: str, expected: list[str]) -> None:
    """And nothing is served: a lock that is half closed is open."""
    web, issues = read(made, text)

    assert issues == expected
    assert web is None


def test_all_issues_come_at_once(made: Path) -> None:
    """Whoever repairs a file wants to do it once."""
    text = TLS + "  min_version: TLS09\nhttp_server_config: {http2: maybe}\nbasic_auth_users: {a: b}\n"

    assert read(made, text)[1] == ["bad-tls-version 4:16", "bad-type 5:29", "bad-hash 6:23"]


def test_a_key_that_others_may_read_is_said(made: Path) -> None:
    """It works, and somebody should know."""
    key = made / "server.key"
    key.chmod(0o644)
    try:
        web, issues = read(made, TLS)
    finally:
        key.chmod(0o600)

    assert issues == ["key-readable 3:13"]
    assert web is not None


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """By its name."""
    loaded = read_web(tmp_path / "web.yml")

    assert loaded.web is None
    assert [issue.code for issue in loaded.issues] == ["web-config-unreadable"]


def test_a_password_is_never_repeated(tmp_path: Path) -> None:
    """Not in the message; the excerpt is for whoever has the file."""
    path = tmp_path / "web.yml"
    path.write_text("basic_auth_users: {a: hunter2}\n")

    assert all("hunter2" not in str(issue) for issue in read_web(path).issues)
