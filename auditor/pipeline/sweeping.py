"""What is let go of a host's facts: those of incidents that are over, and the oldest where there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import supports
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.settling import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Endpoint
    from auditor.pipeline.conduct import Known
    from auditor.pipeline.continuing import Ongoing, Seen
    from auditor.pipeline.hosts import Facts

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
    lasts: Sequence[int]
    """When facts that are of no incident were last active: six hours later they are let go."""


def sweep(facts: Facts, found: Sequence[tuple[Ongoing, Seen]], now: int, most: int, known: Known) -> Swept:
    """Settle what incidents no longer need, and return what may be let go.

    A fact that may still grow is kept: if it came back, whole as ever, it would be counted twice.
    """
    ended = {number: last for number, (last, is_over) in _lasts(facts).items() if is_over}
    going = {number for ongoing, seen in found if not ongoing.is_over for number in _numbers(seen)}
    gone, forgotten = set[Number](), []
    for ongoing, seen in found:
        if ongoing.is_over:
            own = _numbers(seen)
            dead = {number for number in own if number in ended and number not in going}
            if len(dead) == len(own):
                forgotten.append(ongoing)
            else:
                dead -= _torn(facts, found, dead)
                dead -= _settle(ongoing, seen, dead, facts, known)
            gone |= dead
    told = {number for _, seen in found for number in _numbers(seen)}
    strays = {number: last for number, last in ended.items() if number not in told}
    gone |= {number for number, last in strays.items() if now - last > IDLE}
    settled = _too_many(facts, found, {number: last for number, last in ended.items() if number not in gone}, most)
    for ongoing, seen in found:
        if ongoing not in forgotten:
            settled -= _settle(ongoing, seen, settled, facts, known)
    gone |= settled
    return Swept(
        flows=frozenset([number for kind, number in gone if kind == "flow"]),
        activities=frozenset([number for kind, number in gone if kind == "activity"]),
        forgotten=forgotten,
        settled=len(settled),
        lasts=[last for number, last in strays.items() if number not in gone],
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


def _settle(ongoing: Ongoing, seen: Seen, numbers: set[Number], facts: Facts, known: Known) -> set[Number]:
    """Settle what these facts say of an incident; return those of which that cannot be kept without them."""
    own = _numbers(seen) & numbers
    flows = {number for kind, number in own if kind == "flow"}
    activities = {number for kind, number in own if kind == "activity"}
    parts = seen.parts_of(flows, activities)
    observations = [o for number in flows for o in facts.flows[number].flow.observations]
    beside = {o.detector for o in observations if supports(o.fact)} & {*seen.conduct.beside}
    if beside or any(part.settled is None for part in parts):
        ongoing.settled = settle(ongoing.id, parts, seen.conduct, beside, known.identities) or ongoing.settled
    # What stands beside it has no part of its own.
    return own if ongoing.settled is None else set()


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
