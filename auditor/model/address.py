"""Addresses as the engine tells them, which are asked for their hash again and again: it is worked out once.

They equal the standard library's of the same value, and hash as those do.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address


class Inet4(IPv4Address):
    """An IPv4 address that knows its hash."""

    __slots__ = ("_hash",)

    def __init__(self, packed: bytes) -> None:
        """Take its 4 bytes."""
        super().__init__(packed)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        """Return the hash of the standard library's."""
        return self._hash


class Inet6(IPv6Address):
    """An IPv6 address that knows its hash."""

    __slots__ = ("_hash",)

    def __init__(self, packed: bytes) -> None:
        """Take its 16 bytes."""
        super().__init__(packed)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        """Return the hash of the standard library's."""
        return self._hash
