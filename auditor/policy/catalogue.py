"""Listed torrents, found by what names them on the wire, or by what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.infohash import V1_BYTES
from auditor.policy.patterns import Pattern, PatternMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.model.incident import Conduct, Infohashes
    from auditor.model.infohash import Infohash


class Listed(NamedTuple):
    """One torrent on one list."""

    list: str
    name: str | None
    v1: Infohash | None
    v2: Infohash | None
    info: bytes | None = None
    """The info dict, where a .torrent file has it."""


class Catalogue:
    """Listed torrents by the 20 bytes that name them on the wire, and by patterns of their names."""

    def __init__(
        self,
        entries: Iterable[Listed] = (),
        names: Iterable[tuple[Pattern, str]] = (),
        ends: Mapping[str, int] | None = None,
    ) -> None:
        """Take listed torrents, names with the list that has each, and the moment at which each list ends, if any."""
        self.ends = ends or {}
        names = list(names)
        lists = {name for _, name in names} | self.ends.keys()
        self.members: dict[bytes, frozenset[str]] = {}
        """The lists that each infohash stands in."""
        self._names = PatternMap(names)
        self._known: dict[bytes, Listed] = {}
        infos: dict[bytes, None] = {}
        for entry in entries:
            lists.add(entry.list)
            if entry.info is not None:
                infos[entry.info] = None
            for infohash in (entry.v1, entry.v2):
                if infohash is not None:
                    wire = infohash.wire.digest
                    self.members[wire] = self.members.get(wire, frozenset()) | {entry.list}
                    self._known[wire] = _richer(self._known.get(wire), entry)
        self.infos = tuple(infos)
        """The info dicts of listed .torrent files, each once."""
        self.lists = tuple(sorted(lists))
        """The names of the lists that say anything."""

    @property
    def has_names(self) -> bool:
        """Whether a list says what torrents are called."""
        return bool(self._names)

    def lists_of(self, conduct: Conduct) -> tuple[frozenset[str], ...]:
        """Return the lists that the torrent stands in; where it is one of several, those of each.

        Whether a list has ended by then is another question.
        """
        infohashes = conduct.infohashes
        if infohashes is None:
            return ()
        if conduct.kind == "encrypted":
            return tuple([self._lists((infohash,), None) for infohash in infohashes.wire])
        return (self._lists((*infohashes.wire, infohashes.v1, infohashes.v2), conduct.torrent_name),)

    def has_ended(self, name: str, conduct: Conduct) -> bool:
        """Whether a list had ended before the conduct did."""
        end = self.ends.get(name)
        return end is not None and end <= conduct.last

    def live_lists_of(self, conduct: Conduct) -> tuple[frozenset[str], ...]:
        """Return the lists that the torrent stands in and that had not ended by then."""
        found = self.lists_of(conduct)
        if not self.ends:
            return found
        return tuple(
            [
                frozenset([name for name in names if not self.has_ended(name, conduct)])
                if not names.isdisjoint(self.ends)
                else names
                for names in found
            ]
        )

    def _lists(self, infohashes: Iterable[Infohash | None], name: str | None) -> frozenset[str]:
        wires = [infohash.digest[:V1_BYTES] for infohash in infohashes if infohash is not None]
        found = _NONE
        for wire in wires:
            lists = self.members.get(wire)
            if lists is not None:
                found = found | lists if found else lists
        if self._names:
            known = [self._known[wire].name for wire in wires if wire in self._known]
            named = [lists for each in (name, *known) if each is not None for lists in self._names.matching(each)]
            found = found.union(named) if named else found
        return found

    def name_of(self, infohashes: Infohashes) -> str | None:
        """Return the name under which a list knows the torrent."""
        if not self._known:
            return None
        names = (self._known[wire].name for wire in sorted(wire_forms(infohashes)) if wire in self._known)
        return next((name for name in names if name is not None), None)

    def resolve(self, wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
        """Return the full v1 and v2 infohashes that the lists know for what was read on the wire."""
        entry = self._known.get(wire.wire.digest)
        return (None, None) if entry is None else (entry.v1, entry.v2)


_NONE: frozenset[str] = frozenset()


def wire_forms(infohashes: Infohashes) -> frozenset[bytes]:
    """Return the 20-byte names of a torrent: its own on the wire, and those that its v1 and v2 would have there."""
    known = (*infohashes.wire, infohashes.v1, infohashes.v2)
    return frozenset(infohash.wire.digest for infohash in known if infohash is not None)


def _richer(known: Listed | None, new: Listed) -> Listed:
    """Put together what two entries know of the same torrent; what came first stands."""
    if known is None:
        return new
    return Listed(known.list, known.name or new.name, known.v1 or new.v1, known.v2 or new.v2)
