"""What a web configuration may say."""

from __future__ import annotations

import ssl

import pytest
from pydantic import TypeAdapter, ValidationError

from auditor.metrics.web_schema import CIPHERS, CURVES, Hash, HeadersEntry, User, WebFile
from tests.unit.metrics.test_passwords import HASH


def test_every_cipher_and_curve_that_is_known_can_be_used() -> None:
    """A name that OpenSSL does not know would only be found out when it is configured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    for name in filter(None, CIPHERS.values()):
        context.set_ciphers(name)
    for name in CURVES.values():
        context.set_ecdh_curve(name)


@pytest.mark.parametrize("value", ["secret", "", "$2b$04$short", "$1$" + "a" * 50, "$2b$31$" + HASH[7:], HASH + "x", 3])
def test_what_is_no_hash_is_refused_and_not_repeated(value: object) -> None:
    """It may be the password itself; and a cost of 31 would take days."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Hash).validate_python(value)

    (error,) = refused.value.errors()
    assert error["type"] == "bad-hash"
    assert "secret" not in error["msg"]


@pytest.mark.parametrize("value", ["a:b", "", "a\nb", "x" * 65, 3])
def test_what_no_browser_can_send_is_no_user(value: object) -> None:
    """RFC 7617 parts user and password at the first colon."""
    with pytest.raises(ValidationError):
        TypeAdapter(User).validate_python(value)


def test_headers_go_by_their_names() -> None:
    """As they stand in the file."""
    headers = HeadersEntry.model_validate({"X-Frame-Options": "Deny", "X-Content-Type-Options": "nosniff"})

    assert headers.by_name() == {"X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff"}


def test_an_empty_file_is_open_to_everybody() -> None:
    """As with Prometheus."""
    file = WebFile.model_validate({})

    assert (file.tls_server_config, file.basic_auth_users) == (None, {})
