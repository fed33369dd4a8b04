"""A torrent's identity (BEP 3, BEP 52)."""

from __future__ import annotations

from typing import NamedTuple, Self

V1_BYTES = 20
V2_BYTES = 32


class _Digest(NamedTuple):
    digest: bytes


class Infohash(_Digest):
    """A torrent's identity: SHA-1 (v1, 20 bytes) or SHA-256 (v2, 32 bytes).

    On the wire a v2 torrent is named by the first 20 bytes of its SHA-256, so 20 wire bytes do not tell the version.
    """

    __slots__ = ()

    def __new__(cls, digest: bytes) -> Self:
        """Check the length."""
        if len(digest) not in (V1_BYTES, V2_BYTES):
            raise ValueError(f"an infohash has 20 or 32 bytes, not {len(digest)}")
        return tuple.__new__(cls, (digest,))

    @classmethod
    def from_hex(cls, text: str) -> Infohash:
        """Parse 40 or 64 hexadecimal digits.

        Raises:
            ValueError: if ``text`` is anything else.
        """
        if len(text) not in (2 * V1_BYTES, 2 * V2_BYTES):
            raise ValueError(f"an infohash has 40 or 64 hexadecimal digits, not {len(text)} characters")
        return cls(bytes.fromhex(text))

    @property
    def wire(self) -> Infohash:
        """The 20 bytes that handshakes, the DHT and trackers carry for this torrent (BEP 52)."""
        return self if len(self.digest) == V1_BYTES else Infohash(self.digest[:V1_BYTES])

    def __str__(self) -> str:
        return self.digest.hex()
