"""How results show people and devices: what the policy's ``people`` says binds every output.

Pseudonyms are HMAC-SHA-256 (RFC 2104) under a key that stays with its owner: the same person has the same one under the
same key, and who has no key cannot find out whose it is by trying names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.scale import People

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.identity import Holder

KEY_BYTES = 32
MAX_KEY_BYTES = 4096
MOST_KNOWN = 1 << 18
"""Pseudonyms that are kept; past it, all are made anew when they are asked for, and are the same."""
_BYTES = 10
"""80 bits: two of a million people share a pseudonym with a chance of one in 10^12."""


class BadKey(ValueError):  # noqa: N818 - the key is bad, the program is fine
    """A key file that cannot serve."""


def read_key(path: Path) -> bytes:
    """Read the key of pseudonyms: the bytes of a file, at least 32 of them.

    Raises:
        BadKey: if the file cannot be read, is too short to be a key, or too long to be meant as one.
    """
    try:
        with path.open("rb") as file:
            key = file.read(MAX_KEY_BYTES + 1)
    except OSError as problem:
        raise BadKey(f"{path} cannot be read: {problem.strerror}") from None
    if not KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        size = "more than 4096" if len(key) > MAX_KEY_BYTES else str(len(key))
        raise BadKey(
            f"{path} has {size} bytes; a key has {KEY_BYTES} random ones: openssl rand -out {path} {KEY_BYTES}"
        )
    return key


class Shown:
    """The names under which one run shows people."""

    def __init__(self, people: People, key: bytes | None = None) -> None:
        """Without a key, pseudonyms hold for this run alone."""
        self._people = people
        self._key = key
        self._known: dict[tuple[str, str], str] = {}

    def subject(self, holder: Holder) -> str | None:
        """Return what stands for the person, else the device; ``None`` where nothing may, or nothing is known."""
        kinds = (("user", holder.user), ("host", holder.host), ("mac", holder.mac), ("duid", holder.duid))
        kind, value = next(((kind, value) for kind, value in kinds if value), ("", ""))
        if self._people is People.NONE or not kind:
            return None
        if self._people is People.NAMED:
            return value
        known = self._known.get((kind, value))
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[kind, value] = self._pseudonym(kind, value)
        return known

    def _pseudonym(self, kind: str, value: str) -> str:
        import hmac  # noqa: PLC0415 - it takes OpenSSL along, and most audits show nobody
        import secrets  # noqa: PLC0415 - as hmac

        if self._key is None:
            self._key = secrets.token_bytes(KEY_BYTES)
        # Names of users, hosts and devices are the same in any case; a user is never taken for a host of that name.
        digest = hmac.digest(self._key, f"auditor subject\0{kind}\0{value.casefold()}".encode(), "sha256")
        return f"p-{digest[:_BYTES].hex()}"
