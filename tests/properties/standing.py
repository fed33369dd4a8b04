"""Run the standing pipeline over deltas, and say what it came to, so that an audit can be compared with it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from auditor.pipeline.conduct import IDLE
from auditor.pipeline.standing import Standing
from auditor.written.in_force import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.model.capture import Sighting
    from auditor.model.incident import Incident
    from auditor.model.standing import IncidentChange, Past, Resumed
    from auditor.model.watch import Delta
    from auditor.pipeline.run import AuditResult, Directory
    from auditor.pipeline.standing import Limits
    from auditor.policy.evaluate import Policy

KEY = bytes(32)


def standing(
    policy: Policy,
    *,
    directory: Directory | None = None,
    resumed: Sequence[Resumed] = (),
    past: Sequence[Past] = (),
    limits: Limits | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    ids: Callable[[], str] | None = None,
) -> Standing:
    """Make a pipeline whose folds take no time."""
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
        clock=clock,
    )


def run(pipeline: Standing, deltas: Iterable[Delta]) -> list[IncidentChange]:
    """Take all deltas, then let so much time pass that everything is over."""
    changes = [change for delta in deltas for change in pipeline.take(delta)]
    ends = [change.incident.conduct.last for change in changes]
    return changes + pipeline.advance(max(ends, default=0) + IDLE + 1)


def newest(changes: Iterable[IncidentChange]) -> dict[str, IncidentChange]:
    """Return the newest change of each incident that did not go into another."""
    found: dict[str, IncidentChange] = {}
    merged: set[str] = set()
    for change in changes:
        found[change.incident.id] = change
        merged.update(change.merged)
    return {owner: change for owner, change in found.items() if owner not in merged}


def came_to(sighting: Sighting, changes: Iterable[IncidentChange]) -> list[Incident]:
    """Return what became of incidents, with numbers made comparable."""
    return _ordered([_bare(sighting, change.incident) for change in newest(changes).values()])


def audited(sighting: Sighting, result: AuditResult) -> list[Incident]:
    """Return what an audit says, with numbers made comparable."""
    shown = tuple(judged.flow for judged in result.flows)
    activities = tuple(judged.activity for judged in result.activities)
    flows = tuple(sighting.flows.index(flow) for flow in shown)
    others = tuple(sighting.activities.index(activity) for activity in activities)
    found = []
    for incident in result.incidents:
        conduct = incident.conduct
        conduct = conduct._replace(
            flows=tuple(sorted(flows[n] for n in conduct.flows)),
            activities=tuple(sorted(others[n] for n in conduct.activities)),
        )
        found.append(_bare(sighting, incident._replace(conduct=conduct)))
    return _ordered(found)


def _bare(sighting: Sighting, incident: Incident) -> Incident:
    del sighting
    return incident._replace(id="", torrent=None)


def _ordered(incidents: Iterable[Incident]) -> list[Incident]:
    return sorted(incidents, key=repr)
