# SPDX-License-Identifier: GPL-2.0-or-later
"""Text off the wire made fit for a person's eyes: no credentials, nothing that steers a terminal.

What is shown is chosen, not what is hidden: a header, parameter or path that is not known to be harmless is blanked.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

BLANK = "(blanked)"
MAX_LINE = 200
"""Characters of one value."""
MAX_HEADERS = 24

_SHOWN_HEADERS = frozenset(
    b"accept-ranges connection content-length content-range content-type date host range server transfer-encoding "
    b"user-agent".split()
)
_SHOWN_PARAMETERS = frozenset(
    b"compact corrupt downloaded event info_hash left no_peer_id numwant peer_id piece port ranges redundant "
    b"supportcrypto uploaded".split()
)
_TRACKER_SCRIPT = re.compile(rb"(announce|scrape)(\.php)?\Z")
_KEY_LIKE = re.compile(rb"(?=[^0-9]*[0-9])[0-9A-Za-z_=+-]{16,}\Z")
_AUTHORITY = re.compile(rb"([0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{0,5})?\Z")
_REQUEST = re.compile(rb"([A-Z]{3,10}) (\S+) (HTTP/1\.[01])\Z")
_RESPONSE = re.compile(rb"(HTTP/1\.[01]) (\d{3})\b")
_USER_INFO = re.compile(rb"\A([a-z][a-z0-9+.-]*://)[^/@]*@")


def harmless(text: str | bytes, limit: int = MAX_LINE) -> str:
    """Make ``text`` one printable line: what is not printable is written as an escape, what is too long is cut."""
    if isinstance(text, bytes):
        text = text[: 4 * limit].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:limit])
    return shown if len(text) <= limit else shown + "…"


def target(raw: bytes) -> str:
    """Show a request's target, without user info, keys in its path, and parameters that are not BitTorrent's own."""
    raw = _USER_INFO.sub(rb"\1" + BLANK.encode() + b"@", raw)
    address, question, query = raw.partition(b"?")
    prefix, slashes, path = address.partition(b"://")
    if not slashes:
        prefix, path = b"", address
    host, slash, path = path.partition(b"/")
    segments = path.split(b"/")
    tracker = any(_TRACKER_SCRIPT.match(segment) for segment in segments)
    shown = b"/".join(_segment(segment, tracker=tracker) for segment in segments)
    parameters = b"&".join(_parameter(part) for part in query.split(b"&"))
    login, at, named = host.rpartition(b"@")
    host = (BLANK.encode() if login else login) + at + (_authority(named) if named else b"")
    return harmless(prefix + slashes + host + slash + shown + question + parameters, 4 * MAX_LINE)


def http(payload: bytes) -> list[str] | None:
    """Show the head of an HTTP request or response; ``None`` if the payload does not begin with one."""
    head, _, _ = payload.partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    if request := _REQUEST.match(first):
        method, asked, version = request.groups()
        lines = [f"{method.decode()} {target(asked)} {version.decode()}"]
    elif response := _RESPONSE.match(first):
        lines = [b" ".join(response.groups()).decode()]
    else:
        return None
    return lines + [_header(line) for line in headers[:MAX_HEADERS]]


def _authority(raw: bytes) -> bytes:
    """Blank what is no plain host with a port, and a host of which a label could be a passkey."""
    found = _AUTHORITY.match(raw)
    return raw if found and not any(map(_KEY_LIKE.match, found[1].split(b"."))) else BLANK.encode()


def _segment(segment: bytes, *, tracker: bool) -> bytes:
    """Blank a part of a path that could be a passkey: before a tracker's script, any part could."""
    if not segment or _TRACKER_SCRIPT.match(segment):
        return segment
    return BLANK.encode() if tracker or _KEY_LIKE.match(unquote_to_bytes(segment)) else segment


def _parameter(part: bytes) -> bytes:
    name, equals, value = part.partition(b"=")
    if not equals:
        return BLANK.encode() if part else part
    if name not in _SHOWN_PARAMETERS:
        shown_name = name if re.fullmatch(rb"[A-Za-z_.-]{1,24}", name) else BLANK.encode()
        return shown_name + equals + BLANK.encode()
    if name in {b"info_hash", b"peer_id"}:
        digest = unquote_to_bytes(value)
        return name + equals + (digest.hex().encode() if name == b"info_hash" else quote_from_bytes(digest).encode())
    return part


def _header(line: bytes) -> str:
    name, colon, value = line.partition(b":")
    if not colon or not re.fullmatch(rb"[A-Za-z0-9_-]{1,40}", name):
        return BLANK
    value = value.strip()
    if name.lower() == b"host":
        value = _authority(value)
    shown = harmless(value) if name.lower() in _SHOWN_HEADERS else BLANK
    return f"{name.decode()}: {shown}"
