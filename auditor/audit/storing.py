"""An audit's result as records of a store: what was read, what was seen, whose it was and what was judged.

Each audit is a run of its own: auditing a capture twice records it twice. Its last record says that it is all there.
"""

from __future__ import annotations

import time
from itertools import chain, islice
from typing import TYPE_CHECKING

from auditor.evidence.record import new_id
from auditor.evidence.recorder import Recorder
from auditor.evidence.recording import Grounds, of_capture, of_identity, of_policy
from auditor.model.standing import Gravest, IncidentChange
from auditor.model.watch import ActivitySeen, FlowSeen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.evidence.record import Record
    from auditor.evidence.store import Store
    from auditor.model.incident import Incident
    from auditor.pipeline.run import AuditResult

SENSOR = "audit"
"""What stands where a sensor's name would."""
_BATCH = 1000


def store_result(store: Store, result: AuditResult, policy_text: bytes | None) -> int:
    """Append all of a result; return how many records that are.

    Raises:
        StoreError: if the store fails.
    """
    count = 0
    found = records(result, policy_text, run=new_id(), at=time.time_ns())
    while batch := list(islice(found, _BATCH)):
        store.append(batch)
        count += len(batch)
    return count


def records(result: AuditResult, policy_text: bytes | None, *, run: str, at: int) -> Iterator[Record]:
    """Yield the records of a result; incidents have new ids, by which nothing can be guessed."""
    grounds = Grounds(result.policy_sha256, result.identity.sha256 if result.identity else None)
    recorder = Recorder(run=run, sensor=SENSOR, grounds=grounds)
    if policy_text is not None:
        yield of_policy(policy_text, name=result.policy_name, sha256=result.policy_sha256, at=at)
    if result.identity is not None:
        yield of_identity(result.identity, at=at)
    for index, capture in enumerate(result.captures):
        yield of_capture(capture, run=run, at=at, index=index)
    flows = (recorder.of_observations(FlowSeen(i, each.flow, is_over=True)) for i, each in enumerate(result.flows))
    activities = (
        recorder.of_activity(ActivitySeen(index, each.activity, is_over=True))
        for index, each in enumerate(result.activities)
    )
    incidents = (recorder.of_change(_change(incident, result)) for incident in result.incidents)
    yield from chain.from_iterable(chain(flows, activities, incidents))
    counts = {"captures": len(result.captures), "incidents": len(result.incidents), "flows": len(result.flows)}
    limits = {"limits_hit": dict(result.limits_hit), "totals": dict(result.totals)}
    grounded = {"policy_sha256": grounds.policy_sha256, "identity_sha256": grounds.identity_sha256}
    yield from recorder.of_event("audit", {**counts, **limits, **grounded, "people": result.people.value}, at)


def _change(incident: Incident, result: AuditResult) -> IncidentChange:
    known = incident._replace(id=new_id(incident.conduct.first))
    return IncidentChange(
        incident=known,
        gravest=Gravest(known.judgement, known.conduct.last, result.policy_sha256),
        previous=None,
        merged=(),
        is_over=True,
        caused=known.conduct.last,
        flows=(),
        people=result.people,
        sensor=SENSOR,
    )
