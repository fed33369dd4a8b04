"""The standing pipeline over deltas, and what it came to, so that an audit can be compared with it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from auditor.model.standing import Past, Resumed
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.pacing import UNPACED
from auditor.pipeline.standing import Standing
from auditor.pipeline.sweeping import GRACE
from auditor.written.in_force import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.model.capture import Sighting
    from auditor.model.incident import Conduct, Incident
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import Delta
    from auditor.pipeline.pacing import Pace
    from auditor.pipeline.run import AuditResult, Directory
    from auditor.pipeline.standing import Limits
    from auditor.policy.evaluate import Policy

    Number = tuple[str, int]

KEY = bytes(32)


def standing(
    policy: Policy,
    *,
    directory: Directory | None = None,
    resumed: Sequence[Resumed] = (),
    past: Sequence[Past] = (),
    limits: Limits | None = None,
    pace: Pace = UNPACED,
    clock: Callable[[], float] = lambda: 0.0,
    ids: Callable[[], str] | None = None,
) -> Standing:
    """Make a pipeline that folds everything at once."""
    numbers = count(1)
    return Standing(
        State(policy, policy.sha256, 0),
        sensor="office",
        directory=directory,
        key=KEY,
        new_id=ids or (lambda: f"id-{next(numbers):04}"),
        resumed=resumed,
        past=past,
        limits=limits,
        pace=pace,
        clock=clock,
    )


def run(pipeline: Standing, deltas: Sequence[Delta], *, is_kept: bool = True) -> list[IncidentChange]:
    """Take all deltas, then let so much time pass that everything is over, and forgotten.

    Where there is room for all facts, nothing is told of that.
    """
    changes = [change for delta in deltas for change in pipeline.take(delta)]
    end = max(delta.seen_until or 0 for delta in deltas) + IDLE + 1
    changes += pipeline.advance(end)
    late = pipeline.advance(end + GRACE)
    assert not (is_kept and late)
    return changes + late


def past_all(changes: Sequence[IncidentChange]) -> int:
    """Return a moment at which all incidents are over."""
    return max((change.incident.conduct.last for change in changes), default=0) + IDLE + 1


def newest(changes: Iterable[IncidentChange]) -> dict[str, IncidentChange]:
    """Return the newest change of each incident that did not go into another."""
    found: dict[str, IncidentChange] = {}
    merged: set[str] = set()
    for change in changes:
        found[change.incident.id] = change
        merged.update(change.merged)
    return {owner: change for owner, change in found.items() if owner not in merged}


def assert_same(changes: Sequence[IncidentChange], sighting: Sighting, result: AuditResult) -> None:
    """Check that incidents came to what an audit says of all that was seen.

    Once some facts of one are let go, it has only the others' numbers: so of those the newest change may have fewer.
    """
    facts: dict[str, set[Number]] = {}
    for change in changes:
        facts.setdefault(change.incident.id, set()).update(_numbers(change.incident.conduct))
    came_to = sorted(newest(changes).values(), key=lambda change: repr(bare(change.incident)))
    audited = sorted(result.incidents, key=lambda incident: repr(bare(incident)))
    assert [bare(change.incident) for change in came_to] == [bare(incident) for incident in audited]
    flows = [sighting.flows.index(judged.flow) for judged in result.flows]
    activities = [sighting.activities.index(judged.activity) for judged in result.activities]
    for change, incident in zip(came_to, audited, strict=True):
        own = {("flow", flows[n]) for n in incident.conduct.flows}
        own |= {("activity", activities[n]) for n in incident.conduct.activities}
        assert _numbers(change.incident.conduct) <= own <= facts[change.incident.id]


def assert_same_amounts(changes: Sequence[IncidentChange], result: AuditResult, *, is_resumed: bool = False) -> None:
    """Check that incidents came to what an audit says, but for what is not kept of each fact.

    Of an earlier run's incidents it is not known either which peers were met: of their number only the least.
    """

    def lean(incident: Incident) -> Incident:
        made = bare(incident)
        conduct = made.conduct._replace(frames=(), beside=())
        if is_resumed:
            verified = conduct.verified and conduct.verified._replace(torrent=None)
            conduct = conduct._replace(swarm_size=None, verified=verified)
        return made._replace(conduct=conduct)

    came_to = sorted((lean(change.incident) for change in newest(changes).values()), key=repr)
    assert came_to == sorted((lean(incident) for incident in result.incidents), key=repr)


def resumed(changes: Sequence[IncidentChange]) -> list[Resumed]:
    """Return what a store would know of incidents that are open still."""
    return [Resumed(c.incident, c.gravest, c.noted) for c in newest(changes).values() if not c.is_over]


def past(changes: Sequence[IncidentChange]) -> list[Past]:
    """Return what a store would know of incidents that are over."""
    found = [(c.incident.conduct, c.incident, c.noted) for c in newest(changes).values() if c.is_over]
    return [Past(i.id, c.vantage, c.host, c.vlan, i.attribution.subject, c.first, noted) for c, i, noted in found]


def bare(incident: Incident) -> Incident:
    """Return an incident without what depends on how facts are numbered."""
    return incident._replace(id="", conduct=incident.conduct._replace(flows=(), activities=()), torrent=None)


def _numbers(conduct: Conduct) -> set[Number]:
    flows: set[Number] = {("flow", number) for number in conduct.flows}
    return flows | {("activity", number) for number in conduct.activities}
