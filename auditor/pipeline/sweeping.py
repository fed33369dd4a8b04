"""What is let go of a host's facts: those of incidents that are over, and the oldest where there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import supports
from auditor.model.moment import MINUTE
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.settling import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Endpoint
    from auditor.pipeline.conduct import Known
    from auditor.pipeline.continuing import Ongoing, Seen
    from auditor.pipeline.hosts import Facts
    from auditor.pipeline.part import Part

GRACE = 10 * MINUTE
"""So much longer than it takes to be over is kept what may still turn out to go on: that a flow is BitTorrent may show
some time after it began."""
Number = tuple[str, int]
"""A fact: whether a flow or an activity, and the watch's number."""


class Swept(NamedTuple):
    """What may be let go, and what is left."""

    flows: frozenset[int]
    activities: frozenset[int]
    forgotten: Sequence[Ongoing]
    """Incidents that are over, of which nothing is left that may come back."""
    settled: int
    """Facts that are let go for want of room."""
    deadline: int | None
    """When more may be let go."""


def sweep(facts: Facts, found: Sequence[tuple[Ongoing, Seen]], now: int, most: int, known: Known) -> Swept:
    """Settle what incidents no longer need, and return what may be let go.

    A fact that may still grow is kept: if it came back, whole as ever, it would be counted twice.
    """
    ended = {number: last for number, (last, is_over) in _lasts(facts).items() if is_over}
    told = {number for _, seen in found for number in _numbers(seen)}
    old = now - IDLE - GRACE
    over = [(ongoing, seen) for ongoing, seen in found if ongoing.is_over and seen.conduct.last < old]
    past = {ongoing.id for ongoing, _ in over}
    going = {number for ongoing, seen in found if ongoing.id not in past for number in _numbers(seen)}
    gone = {number for number, last in ended.items() if number not in told and last < old}
    forgotten, later = [], [last for number, last in ended.items() if number not in told and number not in gone]
    later += [seen.conduct.last for ongoing, seen in found if ongoing.is_over and seen.conduct.last >= old]
    for ongoing, seen in over:
        # What stands beside it may come to stand beside another, and else must find it there.
        own, waiting = _numbers(seen), _beside(seen, ended, old)
        later += [ended[number] for number in waiting]
        dead = {number for number in own - waiting if number in ended and number not in going}
        if len(dead) == len(own):
            forgotten.append(ongoing)
        gone |= dead if len(dead) == len(own) else dead - _torn(facts, found, dead)
    too_many = _too_many(facts, found, {number: last for number, last in ended.items() if number not in gone}, most)
    left = [(ongoing, seen) for ongoing, seen in found if ongoing not in forgotten]
    gone = _settled(left, gone | too_many, facts, known)
    return Swept(
        flows=frozenset([number for kind, number in gone if kind == "flow"]),
        activities=frozenset([number for kind, number in gone if kind == "activity"]),
        forgotten=forgotten,
        settled=len(gone & too_many),
        deadline=min(later) + IDLE + GRACE if later else None,
    )


def _lasts(facts: Facts) -> dict[Number, tuple[int, bool]]:
    """Return when each fact was last active, and whether nothing changes it any more."""
    found: dict[Number, tuple[int, bool]] = {
        ("flow", number): (seen.flow.last, seen.is_over) for number, seen in facts.flows.items()
    }
    for number, seen in facts.activities.items():
        found["activity", number] = (seen.activity.last, seen.is_over)
    return found


def _numbers(seen: Seen) -> set[Number]:
    found = {("flow", number) for number in seen.conduct.flows}
    return found | {("activity", number) for number in seen.conduct.activities}


def _beside(seen: Seen, ended: dict[Number, int], old: int) -> set[Number]:
    """Return what merely stands beside a conduct, and ended not so long ago."""
    proven = {seen.flows[part.flow] for part in seen.parts if part.flow is not None}
    beside = {("flow", number) for number in seen.conduct.flows if number not in proven}
    return {number for number in beside if ended.get(number, 0) >= old}


def _settled(left: Sequence[tuple[Ongoing, Seen]], numbers: set[Number], facts: Facts, known: Known) -> set[Number]:
    """Settle what these facts say of incidents; return those that can be let go then."""
    while kept := {
        number for each in left if not _can_settle(*each, numbers) for number in _numbers(each[1]) & numbers
    }:
        numbers -= kept
    for ongoing, seen in left:
        own = _numbers(seen) & numbers
        if own:
            flows = {number for kind, number in own if kind == "flow"}
            observations = [o for number in flows for o in facts.flows[number].flow.observations]
            beside = {o.detector for o in observations if supports(o.fact)} & {*seen.conduct.beside}
            ongoing.settled = settle(ongoing.id, _parts(seen, own), seen.conduct, beside, known.identities)
    return numbers


def _can_settle(ongoing: Ongoing, seen: Seen, numbers: set[Number]) -> bool:
    """Whether something of an incident would stay: what stands beside it alone has no part that could."""
    return ongoing.settled is not None or any(not part.aside for part in _parts(seen, numbers))


def _parts(seen: Seen, numbers: set[Number]) -> list[Part]:
    flows = {number for kind, number in numbers if kind == "flow"}
    activities = {number for kind, number in numbers if kind == "activity"}
    return seen.parts_of(flows, activities)


def _too_many(facts: Facts, found: Sequence[tuple[Ongoing, Seen]], ended: dict[Number, int], most: int) -> set[Number]:
    """Return facts that ended longest ago, so that a quarter of the room becomes free; none while there is room."""
    if len(facts) <= most:
        return set()
    count = len(facts) - most * 3 // 4
    oldest = set(sorted(ended, key=lambda number: (ended[number], number))[:count])
    return oldest - _torn(facts, found, oldest)


def _torn(facts: Facts, found: Sequence[tuple[Ongoing, Seen]], numbers: set[Number]) -> set[Number]:
    """Return those of which another view stays, from the other side of an address translation.

    Of two views one stands aside: without it the other would be counted again.
    """
    talks: dict[tuple[object, ...], set[Number]] = {}
    for _, seen in found:
        if not any(part.public is not None for part in seen.parts):
            continue
        for part in seen.parts:
            if part.flow is not None:
                number = seen.flows[part.flow]
                flow = facts.flows[number].flow
                own = part.public or (part.host.ip, part.port)
                remote = flow.resp if own == _endpoint(flow.orig) else flow.orig
                talks.setdefault((flow.transport, part.port, _endpoint(remote)), set()).add(("flow", number))
    return {number for views in talks.values() if not views <= numbers for number in views & numbers}


def _endpoint(end: Endpoint) -> tuple[object, int]:
    return end.ip, end.port
