"""What may stand in Prometheus' web configuration file, as far as this server can do it.

https://prometheus.io/docs/prometheus/latest/configuration/https/ has the format. What the TLS of Python cannot do is
refused with a sentence: a lock that looks closed and is not would be worse.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated

from pydantic import Field

from auditor.written.fields import Line, Written, text
from auditor.written.issue import quoted
from auditor.written.scalars import defect, parse_word
from auditor.written.schema import Entry

MAX_USERS = 100
MAX_COST = 14
"""Of a bcrypt hash. Each step doubles the work: 14 is about a second, and whoever reaches the port may ask for it."""
VERSIONS = ("TLS12", "TLS13")
CLIENT_AUTH = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
CIPHERS = {
    f"TLS_ECDHE_{key}_WITH_{cipher}": f"ECDHE-{key}-{openssl}"
    for key in ("RSA", "ECDSA")
    for cipher, openssl in (
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
    )
} | dict.fromkeys(("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"), "")
"""Names that Prometheus has for what is safe to OpenSSL's; those of TLS 1.3 are always on."""
_HASH = r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}"
_UNABLE = {
    "RequestClientCert": "it asks for a certificate and checks none",
    "RequireAnyClientCert": "it takes any certificate, checked or not",
    "TLS10": "TLS 1.0 is broken",
    "TLS11": "TLS 1.1 is broken",
}


def _parse_able(field: str, known: tuple[str, ...], value: object) -> str:
    """Read a word, and say of one that Prometheus knows why it is refused here."""
    if isinstance(value, str) and value in _UNABLE:
        raise defect(f"bad-{field}", f"{quoted(value)} is not supported: {_UNABLE[value]}", f"use {known[-1]}")
    return parse_word(field, known, value)


def _parse_hash(value: object) -> str:
    found = re.fullmatch(_HASH, value, re.ASCII) if isinstance(value, str) else None
    if found is None:
        # Somebody may have written the password itself: it is not repeated.
        raise defect("bad-hash", "this is no bcrypt hash", "make one: htpasswd -nBC 10 '' | tr -d ':\\n'")
    if not 4 <= int(found["cost"]) <= MAX_COST:  # noqa: PLR2004 - the least that bcrypt knows
        raise defect("bad-hash", f"a hash of cost {found['cost']} takes too long to check", "10 is right for most")
    return found[0]


def _parse_user(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^:\x00-\x1f\x7f]{1,64}", value):
        raise defect("bad-user", f"{quoted(value)} cannot be a user", "1 to 64 characters, without a colon")
    return value


def _parse_path(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise defect("bad-path", f"{quoted(value)} is no path", "relative paths begin where this file is")
    return value


def _parse_header(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\t -~]{0,1000}", value, re.ASCII):
        raise defect("bad-header", f"{quoted(value)} cannot be sent as a header", "printable ASCII, on one line")
    return value


def _parse_frame_options(value: object) -> str:
    return parse_word("header", ("deny", "sameorigin"), value.lower() if isinstance(value, str) else value)


Path = Annotated[str, text(_parse_path)]
Hash = Annotated[str, text(_parse_hash)]
User = Annotated[str, text(_parse_user)]
Header = Annotated[str, text(_parse_header)]
FrameOptions = Annotated[str, text(_parse_frame_options)]
NoSniff = Annotated[str, Written(partial(parse_word, "header", ("nosniff",)), {"const": "nosniff"})]
ClientAuth = Annotated[str, Written(partial(_parse_able, "client-auth-type", CLIENT_AUTH), {"enum": list(CLIENT_AUTH)})]
TlsVersion = Annotated[str, Written(partial(_parse_able, "tls-version", VERSIONS), {"enum": list(VERSIONS)})]
Cipher = Annotated[str, Written(partial(parse_word, "cipher-suite", tuple(CIPHERS)), {"enum": list(CIPHERS)})]
Curve = Annotated[str, Written(partial(parse_word, "curve", tuple(CURVES)), {"enum": list(CURVES)})]


class TlsEntry(Entry):
    """TLS, and whether clients must bring a certificate."""

    cert_file: Path = Field(description="The server's certificate with its chain, PEM.")
    key_file: Path = Field(description="Its key, PEM.")
    client_auth_type: ClientAuth = Field(default="NoClientCert", description="Whether clients need a certificate.")
    client_ca_file: Path | None = Field(default=None, description="Who may issue those of clients, PEM.")
    client_allowed_sans: tuple[Line, ...] = Field(
        default=(), max_length=100, description="Names, one of which a client's certificate must have. Default: any."
    )
    min_version: TlsVersion = Field(default="TLS12", description="The oldest TLS that is spoken.")
    max_version: TlsVersion = Field(default="TLS13", description="The newest.")
    cipher_suites: tuple[Cipher, ...] = Field(default=(), description="Of TLS 1.2. Default: all that are safe.")
    prefer_server_cipher_suites: bool = Field(default=True, description="Whose order of suites counts.")
    curve_preferences: tuple[Curve, ...] = Field(
        default=(), max_length=1, description="The one curve for keys. Default: what OpenSSL thinks best."
    )


class HeadersEntry(Entry):
    """Headers that every answer bears."""

    csp: Header | None = Field(default=None, alias="Content-Security-Policy", description="Sent as it stands.")
    frame_options: FrameOptions | None = Field(default=None, alias="X-Frame-Options", description="Sent as it stands.")
    content_type_options: NoSniff | None = Field(
        default=None, alias="X-Content-Type-Options", description="Sent as it stands."
    )
    xss_protection: Header | None = Field(default=None, alias="X-XSS-Protection", description="Sent as it stands.")
    transport_security: Header | None = Field(
        default=None, alias="Strict-Transport-Security", description="Sent as it stands."
    )

    def by_name(self) -> dict[str, str]:
        """Return those that are given."""
        return self.model_dump(by_alias=True, exclude_none=True)


class HttpEntry(Entry):
    """HTTP."""

    http2: bool = Field(default=True, description="Taken and of no effect: the server speaks HTTP/1.1.")
    headers: HeadersEntry = Field(default=HeadersEntry(), description="Sent with every answer.")


class WebFile(Entry):
    """A web configuration file. An empty one is right too: no TLS, no passwords."""

    tls_server_config: TlsEntry | None = Field(default=None, description="Default: no TLS.")
    http_server_config: HttpEntry = Field(default=HttpEntry(), description="HTTP.")
    basic_auth_users: dict[User, Hash] = Field(
        default={}, max_length=MAX_USERS, description="bcrypt hashes of passwords by user. Default: everybody may."
    )
