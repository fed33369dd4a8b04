"""Directory groups of users and hosts, groups in groups included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.columns import MAX_STATEMENTS, TooManyStatements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.identity.columns import Places
    from auditor.model.identity import Enrolment, SourceLine

MAX_GROUPS = 256
"""Of one member. Nesting that goes on beyond is not followed."""
_KEPT = 1 << 16


class Enrolments:
    """Who belongs to which groups; lists of groups have no times."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._members: dict[str, dict[str, tuple[int, int]]] = {}
        self._nested: dict[str, dict[str, tuple[int, int]]] = {}
        self._count = 0
        self._found: dict[tuple[str | None, str | None], Mapping[str, SourceLine]] = {}

    def add(self, enrolment: Enrolment) -> None:
        """Take in a statement."""
        if self._count >= MAX_STATEMENTS:
            raise TooManyStatements
        self._count += 1
        known = self._nested if enrolment.nested else self._members
        groups = known.setdefault(enrolment.member, {})
        place = (self._places.number(enrolment.line.source, enrolment.line.file), enrolment.line.line)
        kept = groups.get(enrolment.group)
        groups[enrolment.group] = place if kept is None else min(place, kept, key=self._order)

    def of(self, user: str | None, host: str | None) -> Mapping[str, SourceLine]:
        """Return the groups of a user, or of a host where no user is known, each with the line that says so.

        A group within a group is shown with the line that puts it there.
        """
        if not self._members or (user is None and host is None):
            return {}
        found = self._found.get((user, host))
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[user, host] = self._look_up(user, host)
        return found

    def _look_up(self, user: str | None, host: str | None) -> Mapping[str, SourceLine]:
        if user is not None:
            names = [user.lower()]
        else:
            full = (host or "").lower().rstrip(".")
            names = [full, full.partition(".")[0]]
        found: dict[str, tuple[int, int]] = {}
        for name in names:
            if name in self._members:
                found = dict(self._members[name])
                break
        following = sorted(found)
        while following and len(found) < MAX_GROUPS:
            outer = self._nested.get(following.pop(0), {})
            new = {group: place for group, place in sorted(outer.items()) if group not in found}
            found |= new
            following += new
        lines = {group: self._places.written(*place) for group, place in sorted(found.items())}
        return dict(list(lines.items())[:MAX_GROUPS])

    def _order(self, place: tuple[int, int]) -> tuple[tuple[str, str], int]:
        return self._places.file(place[0]), place[1]
