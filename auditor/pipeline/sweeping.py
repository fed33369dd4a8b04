"""What is let go of a host's facts: those of incidents that are over, and the oldest where there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import supports
from auditor.model.moment import HOUR, MINUTE
from auditor.pipeline.conduct import IDLE, weight
from auditor.pipeline.settling import LetGo, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Endpoint, Flow
    from auditor.pipeline.conduct import Known
    from auditor.pipeline.continuing import Ongoing, Seen
    from auditor.pipeline.hosts import Facts
    from auditor.pipeline.part import Part

GRACE = 10 * MINUTE
"""So much longer than it takes to be over is kept what may still turn out to go on: that a flow is BitTorrent may show
some time after it began."""
REST = HOUR
"""What ended so long ago is settled, though its incident goes on: of thousands of flows that are over little is kept.

Until then it may still turn out who held an address, from a log that is read late."""
FLOWS_AT_HAND = 1
"""Flows that prove an incident best, which stay until it is over: one comes along with whatever is told of it."""
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
    told = {number for _, seen in found for number in _numbers(seen, facts)}
    old = now - IDLE - GRACE
    over = [(ongoing, seen) for ongoing, seen in found if ongoing.is_over and seen.conduct.last < old]
    past = {ongoing.id for ongoing, _ in over}
    going = {number for ongoing, seen in found if ongoing.id not in past for number in _numbers(seen, facts)}
    gone = {number for number, last in ended.items() if number not in told and last < old}
    forgotten, later = [], [last for number, last in ended.items() if number not in told and number not in gone]
    later += [seen.conduct.last for ongoing, seen in found if ongoing.is_over and seen.conduct.last >= old]
    for ongoing, seen in over:
        # What stands beside it may come to stand beside another, and else must find it there.
        own, waiting = _numbers(seen, facts), _beside(seen, ended, old)
        later += [ended[number] for number in waiting]
        dead = {number for number in own - waiting if number in ended and number not in going}
        if len(dead) == len(own):
            forgotten.append(ongoing)
        gone |= dead if len(dead) == len(own) else dead - _torn(facts, found, dead)
    too_many = _too_many(facts, found, {number: last for number, last in ended.items() if number not in gone}, most)
    left = [(ongoing, seen) for ongoing, seen in found if ongoing not in forgotten]
    resting = {number: ended[number] for number in _resting(facts, left) if number in ended and number not in gone}
    rested = {number for number, last in resting.items() if last < now - REST}
    gone = _settled(left, gone | too_many | (rested - _torn(facts, found, rested | gone)), facts, known)
    deadlines = [last + IDLE + GRACE for last in later]
    deadlines += [last + REST + GRACE for number, last in resting.items() if number not in rested]
    return Swept(
        flows=frozenset([number for kind, number in gone if kind == "flow"]),
        activities=frozenset([number for kind, number in gone if kind == "activity"]),
        forgotten=forgotten,
        settled=len(gone & too_many),
        deadline=min(deadlines, default=None),
    )


def _lasts(facts: Facts) -> dict[Number, tuple[int, bool]]:
    """Return when each fact was last active, and whether nothing changes it any more."""
    found: dict[Number, tuple[int, bool]] = {
        ("flow", number): (seen.flow.last, seen.is_over) for number, seen in facts.flows.items()
    }
    for number, seen in facts.activities.items():
        found["activity", number] = (seen.activity.last, seen.is_over)
    return found


def _numbers(seen: Seen, facts: Facts) -> set[Number]:
    """Return the facts of a conduct that are not settled."""
    found = {("flow", number) for number in seen.conduct.flows if number in facts.flows}
    return found | {("activity", number) for number in seen.conduct.activities if number in facts.activities}


def _resting(facts: Facts, found: Sequence[tuple[Ongoing, Seen]]) -> set[Number]:
    """Return the facts that may be settled once they ended long ago.

    What stands beside an incident is none: it may yet come to stand beside another.
    """
    resting: set[Number] = set()
    at_hand: set[Number] = set()
    for ongoing, seen in found:
        if ongoing.is_over:
            at_hand |= _numbers(seen, facts)
            continue
        flows = [part.flow for part in sorted(seen.parts, key=weight, reverse=True) if part.flow is not None]
        numbers = [("flow", seen.flows[place]) for place in dict.fromkeys(flows)]
        at_hand.update(numbers[:FLOWS_AT_HAND])
        resting.update(numbers[FLOWS_AT_HAND:])
        resting.update(
            [("activity", seen.activities[part.activity]) for part in seen.parts if part.activity is not None]
        )
    resting -= at_hand
    return {each for each in resting if each[0] == "activity" or not _supports(facts.flows[each[1]].flow)}


def _supports(flow: Flow) -> bool:
    return any(supports(observation.fact) for observation in flow.observations)


def _beside(seen: Seen, ended: dict[Number, int], old: int) -> set[Number]:
    """Return what merely stands beside a conduct, and ended not so long ago."""
    proven = {seen.flows[part.flow] for part in seen.parts if part.flow is not None}
    beside = {("flow", number) for number in seen.conduct.flows if number not in proven}
    return {number for number in beside if ended.get(number, 0) >= old}


def _settled(left: Sequence[tuple[Ongoing, Seen]], numbers: set[Number], facts: Facts, known: Known) -> set[Number]:
    """Settle what these facts say of incidents; return those that can be let go then."""
    while kept := {
        number for each in left if not _can_settle(*each, numbers) for number in _numbers(each[1], facts) & numbers
    }:
        numbers -= kept
    for ongoing, seen in left:
        own = _numbers(seen, facts) & numbers
        if own:
            flows = frozenset([number for kind, number in own if kind == "flow"])
            activities = frozenset([number for kind, number in own if kind == "activity"])
            observations = [o for number in flows for o in facts.flows[number].flow.observations]
            beside = frozenset([o.detector for o in observations if supports(o.fact)]) & {*seen.conduct.beside}
            gone = LetGo(flows, activities, beside)
            ongoing.settled = settle(ongoing.id, _parts(seen, own), seen.conduct, gone, known.identities)
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
