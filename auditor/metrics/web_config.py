"""The web configuration file of the metrics page: every issue at once with its place, TLS that is ready to be used."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.metrics.passwords import Passwords
from auditor.metrics.web_schema import CIPHERS, CURVES, TlsEntry, WebFile
from auditor.written import source
from auditor.written.issue import Issue, IssueSeverity, in_order
from auditor.written.kind import FileKind
from auditor.written.source import MAX_BYTES
from auditor.written.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.written.source import Loc, Source

WEB = FileKind(
    article="a",
    noun="web configuration",
    begin="begin with 'tls_server_config:' or 'basic_auth_users:'",
    shrink="it names files and some users",
    naming=(),
    stand_ins={"cert_file": "-", "key_file": "-"},
)
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_SECRET = 0o077
"""Bits of the mode that let others at a key."""


@dataclass(frozen=True, slots=True)
class Web:
    """How the page is served."""

    tls: ssl.SSLContext | None = None
    passwords: Passwords = field(default_factory=lambda: Passwords({}))
    headers: Mapping[str, str] = field(default_factory=dict)
    allowed_names: frozenset[str] = frozenset()
    """One of which a client's certificate must have; empty: any."""
    files: tuple[Path, ...] = ()
    """What it was read from, the configuration first."""


@dataclass(frozen=True, slots=True)
class LoadedWeb:
    """What reading a web configuration gave."""

    web: Web | None
    """``None`` where an issue is an error."""
    issues: tuple[Issue, ...]


def read_web(path: Path) -> LoadedWeb:
    """Read a web configuration and the files that it names."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        message = f"the file cannot be read: {problem.strerror}"
        return LoadedWeb(None, (Issue("web-config-unreadable", message, str(path), 0, 0),))
    if not content.strip():
        return LoadedWeb(Web(files=(path,)), ())
    text, issues = source.parse(WEB, str(path), content)
    if text is None:
        return LoadedWeb(None, tuple(issues))
    validated = validate(text, WebFile)
    issues += validated.issues
    web = None
    if validated.model is not None and not validated.mended:
        reading = _Reading(text, validated.model)
        web = reading.web
        issues += reading.issues
    issues = in_order(text.file, issues)
    if any(issue.severity == "error" for issue in issues):
        return LoadedWeb(None, tuple(issues))
    return LoadedWeb(web, tuple(issues))


class _Reading:
    """Makes what the file says, and notes what cannot be made."""

    def __init__(self, text: Source, model: WebFile) -> None:
        self._text = text
        self._folder = Path(text.file).parent
        self.issues: list[Issue] = []
        entry = model.tls_server_config
        tls = None if entry is None else self._context(entry)
        names = () if entry is None else entry.client_allowed_sans
        files = () if entry is None else tuple(self._paths(entry))
        self.web = Web(
            tls,
            Passwords(model.basic_auth_users),
            model.http_server_config.headers.by_name(),
            frozenset(names),
            (Path(text.file), *files),
        )

    def _paths(self, entry: TlsEntry) -> Iterator[Path]:
        for each in (entry.cert_file, entry.key_file, entry.client_ca_file):
            if each is not None:
                yield self._folder / each

    def _context(self, entry: TlsEntry) -> ssl.SSLContext | None:
        """Make the context, with OpenSSL's refusals told at the key that they are about."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[entry.min_version]
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        if not entry.prefer_server_cipher_suites:
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        if _VERSIONS[entry.max_version] < context.minimum_version:
            self._note("bad-tls-version", "the newest version is older than the oldest", "max_version")
        else:
            context.maximum_version = _VERSIONS[entry.max_version]
        suites = [name for each in entry.cipher_suites if (name := CIPHERS[each])]
        if suites:
            context.set_ciphers(":".join(suites))
        for curve in entry.curve_preferences:
            context.set_ecdh_curve(CURVES[curve])
        self._certificate(context, entry)
        self._clients(context, entry)
        return None if any(issue.severity == "error" for issue in self.issues) else context

    def _certificate(self, context: ssl.SSLContext, entry: TlsEntry) -> None:
        if not (self._is_readable(entry.cert_file, "cert_file") & self._is_readable(entry.key_file, "key_file")):
            return
        key = self._folder / entry.key_file
        if key.stat().st_mode & _SECRET:
            message = f"others than its owner may read the key {entry.key_file}"
            self._note("key-readable", message, "key_file", f"chmod 600 {entry.key_file}", warning=True)
        try:
            # A key with a password would ask for it on the terminal.
            context.load_cert_chain(self._folder / entry.cert_file, key, password=lambda: b"")
        except (ssl.SSLError, OSError, ValueError) as problem:
            reason = getattr(problem, "reason", None) or "they cannot be read"
            words = str(reason).replace("_", " ").lower()
            self._note("bad-certificate", f"the certificate and its key cannot be used: {words}", "cert_file")

    def _clients(self, context: ssl.SSLContext, entry: TlsEntry) -> None:
        if entry.client_auth_type == "NoClientCert":
            for key in ("client_ca_file", "client_allowed_sans"):
                if getattr(entry, key):
                    hint = "say client_auth_type: RequireAndVerifyClientCert"
                    self._note("unused-key", f"'{key}' is of no use where no client brings a certificate", key, hint)
            return
        if entry.client_ca_file is None:
            message = "whose certificates count is not said"
            self._note("missing-client-ca", message, "client_auth_type", "name the authority: client_ca_file")
            return
        is_optional = entry.client_auth_type == "VerifyClientCertIfGiven"
        context.verify_mode = ssl.CERT_OPTIONAL if is_optional else ssl.CERT_REQUIRED
        if not self._is_readable(entry.client_ca_file, "client_ca_file"):
            return
        try:
            context.load_verify_locations(self._folder / entry.client_ca_file)
        except (ssl.SSLError, OSError, ValueError):
            self._note("bad-certificate", "there is no certificate in it that can be used", "client_ca_file")

    def _is_readable(self, name: str, key: str) -> bool:
        try:
            with (self._folder / name).open("rb") as stream:
                stream.read(1)
        except OSError as problem:
            self._note("file-unreadable", f"{name} cannot be read: {problem.strerror}", key)
            return False
        return True

    def _note(self, code: str, message: str, key: str, hint: str | None = None, *, warning: bool = False) -> None:
        loc: Loc = ("tls_server_config", key)
        severity: IssueSeverity = "warning" if warning else "error"
        self.issues.append(self._text.issue(code, message, loc, hint=hint, severity=severity))
