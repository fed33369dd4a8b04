"""What a policy says to the people who are watched: that they were told, and for how long what was seen is kept.

An audit of captures does without; a sensor that goes on for months does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from auditor.policy import schema


class Announced(NamedTuple):
    """Where and when people were told."""

    where: str
    on: date


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long records are kept, in nanoseconds."""

    default: int
    groups: Mapping[str, int] = field(default_factory=dict)
    """Of each group that has a time of its own, or is within one that has."""

    def of(self, group: str) -> int:
        """Return for how long the records of a group are kept."""
        return self.groups.get(group, self.default)


def announced(written: schema.PolicyFile) -> Announced | None:
    """Return what the file says of it."""
    told = written.announced
    return None if told is None else Announced(told.where, told.on)


def retention(written: schema.PolicyFile) -> Retention | None:
    """Return what the file says of it; a group without a time of its own has that of the group it is within."""
    kept = written.retention
    if kept is None:
        return None
    parents = {group.name: group.within for group in written.groups}
    found = dict(kept.groups)
    for group in parents:
        name: str | None = group
        while name is not None and name not in kept.groups:
            name = parents.get(name)
        if name is not None:
            found[group] = kept.groups[name]
    return Retention(kept.default, found)
