"""A sighting cut into what a watch hands over bit by bit: facts that are known in part first, and grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import Datagrams, Messages, TrackerAnnounce, Utp, WebSeed
from auditor.model.moment import MINUTE
from auditor.model.watch import ActivitySeen, Delta, FlowSeen
from auditor.pipeline.conduct import IDLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from auditor.model.activity import Activity, DhtTarget
    from auditor.model.capture import Sighting
    from auditor.model.fact import Fact
    from auditor.model.flow import Flow, Minute, Observation

_PARTS = 1000


def known_flow(flow: Flow, moment: int) -> Flow | None:
    """Return a flow as it was known at a moment; ``None`` while nothing of it was."""
    if moment >= flow.last:
        return flow
    share = _share(flow.first, flow.last, moment)
    observations = tuple(_known(o, moment) for o in flow.observations if o.first <= moment)
    if not observations:
        return None
    return flow._replace(
        last=max(flow.first, moment),
        packets=_shrunk(flow.packets, share),
        bytes=_shrunk(flow.bytes, share),
        minutes=_until(flow.minutes, moment),
        observations=observations,
        verified=(),
    )


def known_activity(activity: Activity, moment: int) -> Activity | None:
    """Return an activity as it was known at a moment; ``None`` while nothing of it was."""
    if moment >= activity.last:
        return activity
    if moment < activity.first:
        return None
    return activity._replace(
        last=moment,
        announced=_targets(activity.announced, moment),
        looked_up=_targets(activity.looked_up, moment),
        minutes=_until(activity.minutes, moment),
    )


def cut(sighting: Sighting, moments: Sequence[int], draw: Random) -> list[Delta]:
    """Hand a sighting over in deltas, each up to one of the moments; the last has the rest.

    Some facts are told of again without news, some are known to be over only later, and some news comes one delta late,
    which ``seen_until`` then says.
    """
    deltas: list[Delta] = []
    told: dict[tuple[str, int], object] = {}
    open_until = {("flow", n): draw.randrange(3) for n in range(len(sighting.flows))}
    open_until |= {("activity", n): draw.randrange(3) for n in range(len(sighting.activities))}
    moments = sorted(moments)
    begin, last = span(sighting)
    # Metadata passes while its torrent's incidents go on: before anything can be over.
    late = sum(moment <= begin + IDLE for moment in moments)
    learnt = draw.randrange(late + 1)
    for place, moment in enumerate(moments):
        is_lagging = draw.random() < 0.3
        flows, activities = [], []
        for number, flow in enumerate(sighting.flows):
            known, key = known_flow(flow, moment), ("flow", number)
            if known is None or _is_skipped(told.get(key) == known, key, open_until, draw, is_lagging=is_lagging):
                continue
            told[key] = known
            is_over = known == flow and open_until[key] <= 0
            open_until[key] -= known == flow
            flows.append(FlowSeen(number, known, is_over))
        for number, activity in enumerate(sighting.activities):
            there, key = known_activity(activity, moment), ("activity", number)
            if there is None or _is_skipped(told.get(key) == there, key, open_until, draw, is_lagging=is_lagging):
                continue
            told[key] = there
            is_over = there == activity and open_until[key] <= 0
            open_until[key] -= there == activity
            activities.append(ActivitySeen(number, there, is_over))
        draw.shuffle(flows)
        draw.shuffle(activities)
        seen_until = deltas[-1].seen_until if is_lagging and deltas else None if is_lagging else moment
        new = sighting.torrents if place == learnt else ()
        deltas.append(Delta(tuple(flows), tuple(activities), torrents=new, seen_until=seen_until))
    rest = [FlowSeen(n, flow, True) for n, flow in enumerate(sighting.flows) if open_until["flow", n] >= 0]
    others = [
        ActivitySeen(n, each, True) for n, each in enumerate(sighting.activities) if open_until["activity", n] >= 0
    ]
    new = sighting.torrents if learnt >= len(moments) else ()
    deltas.append(Delta(tuple(rest), tuple(others), torrents=new, seen_until=last, is_over=True))
    return deltas


def span(sighting: Sighting) -> tuple[int, int]:
    """Return when anything was seen first and last."""
    firsts = [flow.first for flow in sighting.flows] + [each.first for each in sighting.activities]
    lasts = [flow.last for flow in sighting.flows] + [each.last for each in sighting.activities]
    return min(firsts, default=0), max(lasts, default=0)


def _is_skipped(
    is_old: bool,
    key: tuple[str, int],
    open_until: dict[tuple[str, int], int],
    draw: Random,
    *,
    is_lagging: bool,
) -> bool:
    """Say whether a fact is left out of a delta: told to its end, told before, or late."""
    if open_until[key] < 0 or (is_lagging and draw.random() < 0.5):
        return True
    return is_old and open_until[key] > 0 and draw.random() < 0.7


def _share(first: int, last: int, moment: int) -> int:
    return max(0, moment - first) * _PARTS // max(1, last - first)


def _shrunk(both: tuple[int, int], share: int) -> tuple[int, int]:
    return both[0] * share // _PARTS, both[1] * share // _PARTS


def _until(minutes: Iterable[Minute], moment: int) -> tuple[Minute, ...]:
    return tuple(minute for minute in minutes if minute[0] * MINUTE <= moment)


def _known(observation: Observation, moment: int) -> Observation:
    if observation.last <= moment:
        return observation
    share = _share(observation.first, observation.last, moment)
    return observation._replace(last=moment, fact=_grown(observation.fact, share))


def _grown(fact: Fact, share: int) -> Fact:
    match fact:
        case Messages():
            return fact._replace(pieces=fact.pieces * share // _PARTS, piece_bytes=fact.piece_bytes * share // _PARTS)
        case Datagrams():
            return Datagrams(fact.queries * share // _PARTS, fact.replies * share // _PARTS, fact.errors)
        case Utp():
            return fact._replace(bytes=fact.bytes * share // _PARTS)
        case WebSeed():
            return fact._replace(bytes=fact.bytes * share // _PARTS)
        case TrackerAnnounce():
            return fact._replace(last=fact.first, completed=False)
        case _:
            return fact


def _targets(targets: Iterable[DhtTarget], moment: int) -> tuple[DhtTarget, ...]:
    found = []
    for each in targets:
        if each.first > moment:
            continue
        share = _share(each.first, each.last, moment)
        nodes = each.nodes if each.last <= moment else max(1, each.nodes * share // _PARTS)
        found.append(each._replace(last=min(each.last, moment), nodes=nodes))
    return tuple(found)
