"""Listed torrents, found by what names them on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.incident import Infohashes
    from auditor.model.infohash import Infohash


@dataclass(frozen=True, slots=True)
class Listed:
    """One torrent on one list."""

    list: str
    name: str | None
    v1: Infohash | None
    v2: Infohash | None
    info: bytes | None = None
    """The info dict, where a .torrent file has it."""


class Catalogue:
    """Listed torrents by the 20 bytes that name them on the wire."""

    def __init__(self, entries: Iterable[Listed] = ()) -> None:
        self.members: dict[bytes, frozenset[str]] = {}
        """The lists that each infohash stands in."""
        self._known: dict[bytes, Listed] = {}
        infos: dict[bytes, None] = {}
        for entry in entries:
            if entry.info is not None:
                infos[entry.info] = None
            for infohash in (entry.v1, entry.v2):
                if infohash is not None:
                    wire = infohash.wire.digest
                    self.members[wire] = self.members.get(wire, frozenset()) | {entry.list}
                    self._known[wire] = _richer(self._known.get(wire), entry)
        self.infos = tuple(infos)
        """The info dicts of listed .torrent files, each once."""

    def name_of(self, infohashes: Infohashes) -> str | None:
        """Return the name under which a list knows the torrent."""
        names = (self._known[wire].name for wire in sorted(wire_forms(infohashes)) if wire in self._known)
        return next((name for name in names if name is not None), None)

    def resolve(self, wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
        """Return the full v1 and v2 infohashes that the lists know for what was read on the wire."""
        entry = self._known.get(wire.wire.digest)
        return (None, None) if entry is None else (entry.v1, entry.v2)


def wire_forms(infohashes: Infohashes) -> frozenset[bytes]:
    """Return the 20-byte names of a torrent: its own on the wire, and those that its v1 and v2 would have there."""
    known = (*infohashes.wire, infohashes.v1, infohashes.v2)
    return frozenset(infohash.wire.digest for infohash in known if infohash is not None)


def _richer(known: Listed | None, new: Listed) -> Listed:
    """Put together what two entries know of the same torrent; what came first stands."""
    if known is None:
        return new
    return Listed(known.list, known.name or new.name, known.v1 or new.v1, known.v2 or new.v2)
