"""What known metadata says of torrents, off the wire or listed: their other names, and what of it is shown.

What somebody watches can reveal what no employer may know: names and paths leave here only where they were asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.infohash import Infohash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.incident import Conduct
    from auditor.model.torrent import SeenTorrent, TorrentContent

Identities = Callable[[Infohash], tuple[Infohash | None, Infohash | None]]
"""Returns the v1 and the v2 infohash known of the torrent with this name on the wire."""


class ShownFile(NamedTuple):
    """A file of a torrent."""

    path: str | None
    """``None`` where names are not shown."""
    size: int
    offset: int
    """Where it begins in the torrent."""


class ShownTorrent(NamedTuple):
    """A torrent whose metadata is known, as far as it is shown."""

    id: str
    v1: Infohash | None
    v2: Infohash | None
    name: str | None
    private: bool | None
    """``None``, as all that follows, where its metadata cannot be read."""
    size: int | None
    piece_length: int | None
    files: tuple[ShownFile, ...] | None

    def places(self) -> dict[int, int]:
        """Return the place of each file that is shown by where it begins; empty ones begin nowhere."""
        return {file.offset: place for place, file in enumerate(self.files or ()) if file.size}


class Torrents:
    """The torrents whose metadata is known, by their names on the wire."""

    def __init__(
        self, seen: Iterable[SeenTorrent] = (), most: int | None = None, most_bytes: int | None = None
    ) -> None:
        """Keep all, or so many, and of as many as so many bytes hold what their files are."""
        self._most = most
        self._most_bytes = most_bytes
        self._seen: dict[int, SeenTorrent] = {}
        self._places: dict[Infohash, int] = {}
        self._contents: dict[int, TorrentContent | None] = {}
        self._whole: deque[int] = deque()
        """Those whose info dicts are kept, oldest first."""
        self._bytes = 0
        self._count = 0
        self.forgotten = 0
        """How many are not known any more."""
        self.extend(seen)

    def extend(self, seen: Iterable[SeenTorrent]) -> None:
        """Take in more, which go on where the earlier ones ended."""
        for torrent in seen:
            self._places.update(dict.fromkeys(torrent.wire, self._count))
            self._seen[self._count] = torrent
            self._whole.append(self._count)
            self._bytes += len(torrent.info)
            self._count += 1
            while self._most_bytes is not None and self._bytes > self._most_bytes and self._whole:
                self._strip(self._whole.popleft())
            if self._most is not None and len(self._seen) > self._most:
                self._forget(next(iter(self._seen)))

    def _strip(self, place: int) -> None:
        """Keep the names of a torrent, and what it says of the whole."""
        content = self._content(place)
        self._contents[place] = content and content._replace(files=())
        self._bytes -= len(self._seen[place].info)
        self._seen[place] = self._seen[place]._replace(info=b"")

    def _forget(self, place: int) -> None:
        torrent = self._seen.pop(place)
        self._contents.pop(place, None)
        self._bytes -= len(torrent.info)
        if self._whole and self._whole[0] == place:
            self._whole.popleft()
        for name in torrent.wire:
            if self._places.get(name) == place:
                del self._places[name]
        self.forgotten += 1

    def place(self, names: Iterable[Infohash]) -> int | None:
        """Return the place of the torrent that has one of these names."""
        return next((self._places[name] for name in names if name in self._places), None)

    def identities(self, resolve: Identities) -> Identities:
        """Return what ``resolve`` knows of a name, and beside it what metadata proves: a hybrid has both infohashes."""
        if not self._places:
            return resolve

        def both(wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
            v1, v2 = resolve(wire)
            place = self._places.get(wire)
            return (v1, v2) if place is None else (v1 or self._seen[place].v1, v2 or self._seen[place].v2)

        return both

    def described(self, conduct: Conduct) -> Conduct:
        """Return the conduct with what metadata says of its torrent, for rules that ask about that."""
        # Of several torrents that may be meant, none is described as the one.
        place = self.place(conduct.infohashes.wire) if conduct.infohashes and conduct.kind == "swarm" else None
        content = None if place is None else self._content(place)
        return conduct if content is None else conduct._replace(private=content.private, torrent_name=content.name)

    def _content(self, place: int) -> TorrentContent | None:
        if place not in self._contents:
            self._contents[place] = _read(self._seen[place].info)
        return self._contents[place]

    def shown(self, place: int, identifier: str, name: str | None, *, show_names: bool) -> ShownTorrent:
        """Return what is shown of a torrent; ``name`` is that under which a list knows it."""
        seen = self._seen[place]
        content = self._content(place)
        if content is None:
            return ShownTorrent(identifier, seen.v1, seen.v2, name, None, None, None, None)
        files = tuple(ShownFile(f.path if show_names else None, f.size, f.offset) for f in content.files)
        told = name or (content.name if show_names else None)
        return ShownTorrent(
            identifier, seen.v1, seen.v2, told, content.private, content.size, content.piece_length, files
        )


def _read(info: bytes) -> TorrentContent | None:
    from auditor.torrents.catalogue import TorrentsUnavailable  # noqa: PLC0415 - start-up
    from auditor.torrents.metadata import read_metadata  # noqa: PLC0415 - start-up

    try:
        return read_metadata(info)
    except (ValueError, TorrentsUnavailable):
        return None
