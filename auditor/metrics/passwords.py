"""Passwords of basic authentication, as Prometheus' own exporters check them: bcrypt hashes of a file.

A check takes tens of milliseconds of the processor. So passwords that were right are remembered, as a digest under a
key of this process; all others are checked one after the other, whoever asks, and a user who does not exist costs as
much as one who does.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import bcrypt

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REMEMBERED = 100
MAX_PASSWORD = 72
"""Bytes: bcrypt looks at no more, and a longer one would be as good as its beginning."""
_NO_PASSWORD = "." * 53
"""A salt and a hash that no password has."""


class Passwords:
    """Who may come in."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        """Take the bcrypt hashes by user; without one, everybody may."""
        self._hashes = dict(hashes)
        self._nobody = next(iter(self._hashes.values()), "$2b$10$")[:7] + _NO_PASSWORD
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._looking = threading.Lock()
        self._checking = threading.Lock()

    def allow(self, authorization: str | None) -> bool:
        """Say whether an ``Authorization`` header (RFC 7617) is that of somebody who may come in."""
        if not self._hashes:
            return True
        given = _credentials(authorization or "")
        if given is None:
            return False
        user, password = given
        expected = self._hashes.get(user)
        # The hash is a part of it: one that was replaced is no longer remembered.
        parts = (user.encode(), (expected or "").encode(), password)
        digest = hmac.digest(self._key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")
        with self._looking:
            if digest in self._remembered:
                self._remembered.move_to_end(digest)
                return True
        with self._checking:
            is_right = _matches(password, expected or self._nobody) and expected is not None
        if is_right:
            with self._looking:
                self._remembered[digest] = None
                if len(self._remembered) > MAX_REMEMBERED:
                    self._remembered.popitem(last=False)
        return is_right


def _matches(password: bytes, expected: str) -> bool:
    if len(password) > MAX_PASSWORD or b"\0" in password:
        return False
    try:
        return bcrypt.checkpw(password, expected.encode())
    except ValueError:
        return False


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
