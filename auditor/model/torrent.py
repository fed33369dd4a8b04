"""Torrents whose metadata passed on the wire, or stands in a list of the policy."""

from typing import NamedTuple

from auditor.model.infohash import Infohash


class SeenTorrent(NamedTuple):
    """A torrent whose info dict is known: it passed and hashes to its infohash (BEP 9), or stands in a list."""

    v1: Infohash | None
    v2: Infohash | None
    info: bytes
    """The dict itself. That it is the torrent's makes nothing in it true, or harmless."""

    @property
    def wire(self) -> tuple[Infohash, ...]:
        """The 20-byte names that it goes by in handshakes, v1 first."""
        return tuple(infohash.wire for infohash in (self.v1, self.v2) if infohash is not None)


class TorrentFile(NamedTuple):
    """A file of a torrent."""

    path: str
    """Harmless to print, and chosen by a stranger."""
    size: int
    offset: int
    """Where it begins in the torrent, which is its name there."""


class TorrentContent(NamedTuple):
    """What an info dict says of its torrent."""

    name: str | None
    """Harmless to print, and chosen by a stranger."""
    private: bool
    """Its peers come from its trackers alone (BEP 27)."""
    piece_length: int
    size: int
    """Of all files together."""
    files: tuple[TorrentFile, ...]
    """In their order; without those that only fill up (BEP 47)."""
