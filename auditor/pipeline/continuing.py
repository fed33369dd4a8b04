"""Which incident a conduct continues: what was one when fewer facts were known goes on under its id.

A conduct goes on as the incident with which it shares a flow or an activity, or what stays of those. Where several turn
out to be one, the oldest goes on and the others become a part of it; where one turns out to be several, it goes on as
the first of them that is of its torrent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from auditor.model.flow import Address
    from auditor.model.incident import Conduct, Incident
    from auditor.model.standing import Gravest, Noted
    from auditor.pipeline.part import Part


@dataclass(slots=True, eq=False)
class Ongoing:
    """An incident, as far as it is known and told."""

    id: str
    number: int
    """Of two, the one with the lower number is older."""
    incident: Incident = field(init=False)
    """As it is known now. It is judged in the same breath in which it is found."""
    gravest: Gravest = field(init=False)
    told: Incident | None = None
    """As it was told last."""
    told_at: int = 0
    told_gravest: Gravest | None = None
    noted: tuple[Noted, ...] = ()
    merged: tuple[str, ...] = ()
    """Those that became a part of it, and were not told yet."""
    settled: Part | None = None
    """What stays of its facts that are no longer kept."""
    proof: tuple[int, ...] = ()
    """Its flows that prove most."""
    is_over: bool = False
    is_judged: bool = False
    """By this run."""


class Seen(NamedTuple):
    """A conduct as it was folded just now, by the watch's numbers, and what it was made of."""

    conduct: Conduct
    parts: Sequence[Part]
    """Their flows and activities are places in that fold."""
    flows: Sequence[int]
    """The watch's number of each flow of the fold."""
    activities: Sequence[int]

    @property
    def settled(self) -> list[Part]:
        """What stays of facts that are no longer kept."""
        return [part for part in self.parts if part.settled is not None]

    def parts_of(self, flows: Collection[int], activities: Collection[int]) -> list[Part]:
        """Return the parts that were made of these facts, and of those that are no longer kept."""
        return [
            part
            for part in self.parts
            if part.settled is not None
            or (part.flow is not None and self.flows[part.flow] in flows)
            or (part.activity is not None and self.activities[part.activity] in activities)
        ]


class Continued(NamedTuple):
    """What goes on as what."""

    ids: Mapping[int, Ongoing]
    """The incident that each conduct continues, by the conduct's place; one that is not there is new."""
    merged: Mapping[int, Sequence[Ongoing]]
    """Those that became a part of it."""
    gone: Sequence[Ongoing]
    """Of these nothing is left."""


def continue_(ongoing: Iterable[Ongoing], seen: Sequence[Seen], is_egress: Callable[[Address], bool]) -> Continued:
    """Find what goes on as what; conducts are in order of time.

    A public address that ``is_egress`` may turn out to have stood for an inside host: then that one's goes on.
    """
    places = _Places(seen, is_egress)
    ids: dict[int, Ongoing] = {}
    merged: dict[int, list[Ongoing]] = defaultdict(list)
    gone = []
    for each in sorted(ongoing, key=lambda each: each.number):
        place = places.of(each)
        if place is None:
            gone.append(each)
        elif place in ids:
            merged[place].append(each)
        else:
            ids[place] = each
    return Continued(ids, merged, gone)


class _Places:
    """Where each fact is now."""

    def __init__(self, seen: Sequence[Seen], is_egress: Callable[[Address], bool]) -> None:
        self._seen = seen
        self._is_egress = is_egress
        self._settled = {
            part.settled.incident: place for place, each in enumerate(seen) for part in each.settled if part.settled
        }
        self._flows: dict[int, list[int]] = defaultdict(list)
        self._activities: dict[int, list[int]] = defaultdict(list)
        for place, each in enumerate(seen):
            for flow in each.conduct.flows:
                self._flows[flow].append(place)
            for activity in each.conduct.activities:
                self._activities[activity].append(place)

    def of(self, ongoing: Ongoing) -> int | None:
        """Return the place of the conduct as which an incident goes on."""
        if ongoing.id in self._settled:
            return self._settled[ongoing.id]
        before = ongoing.incident.conduct
        of_flows = Counter[int]()
        for flow in before.flows:
            of_flows.update(self._flows.get(flow, ()))
        shared = of_flows.copy()
        for activity in before.activities:
            shared.update(self._activities.get(activity, ()))
        return (
            self._nearest(before, {place: n for place, n in shared.items() if self._is_same(before, place)})
            # A host's talk with the DHT is a part of every torrent that it told of: it alone makes no two of them one.
            or self._nearest(before, {place: n for place, n in of_flows.items() if self._may_become(before, place)})
            # A fact may turn out to be a part of another, which goes on in its stead.
            or self._nearest(before, dict.fromkeys(self._at_once(before), 0))
            or (None,)
        )[0]

    def _at_once(self, before: Conduct) -> list[int]:
        """Return what the same host did in the same torrent at the same time: no two holders did."""
        return [
            place
            for place, each in enumerate(self._seen)
            if each.conduct.first <= before.last and before.first <= each.conduct.last and self._is_same(before, place)
        ]

    def _nearest(self, before: Conduct, places: Mapping[int, int]) -> tuple[int] | None:
        """Return the one that began as before, else has the most of its facts, else comes first."""
        if not places:
            return None

        def nearness(place: int) -> tuple[bool, int, int]:
            return self._seen[place].conduct.first == before.first, places[place], -place

        return (max(places, key=nearness),)

    def _is_same(self, before: Conduct, place: int) -> bool:
        return before.host == self._seen[place].conduct.host and _is_of_one(before, self._seen[place].conduct)

    def _may_become(self, before: Conduct, place: int) -> bool:
        now = self._seen[place].conduct
        if before.host == now.host:
            return True
        return (self._is_egress(before.host) or self._is_egress(now.host)) and _is_of_one(before, now)


def _is_of_one(one: Conduct, other: Conduct) -> bool:
    """Whether both are of one torrent, or of none."""
    if one.kind != other.kind:
        return False
    if one.infohashes is None or other.infohashes is None:
        return one.infohashes is other.infohashes
    return not set(one.infohashes.wire).isdisjoint(other.infohashes.wire)
