"""Whatever stands in a web configuration, reading it ends with issues or with what is in force."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from auditor.metrics.web_config import read_web

WORDS = st.sampled_from(
    [
        "tls_server_config",
        "cert_file",
        "key_file",
        "client_auth_type",
        "NoClientCert",
        "min_version",
        "TLS12",
        "cipher_suites",
        "http_server_config",
        "headers",
        "X-Frame-Options",
        "deny",
        "basic_auth_users",
        "$2b$04$",
        "web.yml",
    ]
)
TEXTS = st.lists(
    st.one_of(WORDS, st.sampled_from([": ", "\n", "  ", "- ", "{", "}", "[", "]", '"', "&a ", "*a", "!!int "]))
)


@given(content=st.one_of(st.binary(max_size=300), TEXTS.map(lambda parts: "".join(parts).encode())))
def test_any_file_is_read(content: bytes) -> None:
    """There is something in force exactly where no issue is an error."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "web.yml"
        path.write_bytes(content)
        loaded = read_web(path)

    assert (loaded.web is None) == any(issue.severity == "error" for issue in loaded.issues)
