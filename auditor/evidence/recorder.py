"""What a run sees, as records: each thing when it is new, when it changes, and when it is over."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from auditor.evidence.facts import activity_parts, parts
from auditor.evidence.pcapng import MAX_SLICES
from auditor.evidence.record import Record, named_id, new_id
from auditor.evidence.recording import (
    Grounds,
    attribution_record,
    incident_record,
    of_coverage,
    of_sensor_event,
    verdict_record,
)
from auditor.evidence.shapes import flow_parts
from auditor.model.fact import names
from auditor.model.moment import MINUTE, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.evidence.canonical import Json
    from auditor.model.coverage import CoverageMinute
    from auditor.model.flow import FrameRef, Observation
    from auditor.model.incident import Incident
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import ActivitySeen, Delta, FlowSeen, Slice

MAX_MEMBERS = 5000
"""Flows that one version of an incident names: those that are new since the last one."""
MAX_KNOWN = 100_000
"""Flows and activities of which it is remembered what is recorded already."""
MAX_SLICES_HELD = 20_000


class _Told(NamedTuple):
    """What was recorded of an incident last."""

    incident: Incident
    caused: int
    flows: frozenset[int]
    activities: frozenset[int]


class Recorder:
    """Makes records of what one run sees, each thing when it is new and again when it is over.

    An incident has a new version whenever what is said of it changes, and while only its amounts grow, once a minute of
    the frames' time.
    """

    def __init__(self, *, run: str, sensor: str, grounds: Grounds = Grounds()) -> None:  # noqa: B008 - it cannot change
        """``run`` is a UUID: flows have a number within it, and so an id for incidents to name."""
        self.run = run
        self.sensor = sensor
        self.grounds = grounds
        """To be replaced when a policy or identity sources are."""
        self._flows: OrderedDict[int, dict[int, int]] = OrderedDict()
        """What is recorded of each flow, by hashes: of which observation, and of how it was then."""
        self._activities: OrderedDict[int, None] = OrderedDict()
        self._slices: OrderedDict[FrameRef, Slice] = OrderedDict()
        self._told: dict[str, _Told] = {}
        self._held: dict[str, IncidentChange] = {}

    def flow_id(self, number: int) -> str:
        """Return the id of a flow."""
        return named_id(self.run, "flow", number)

    def activity_id(self, number: int) -> str:
        """Return the id of an activity."""
        return named_id(self.run, "activity", number)

    # -- what a turn of the sensor comes to ----------------------------------------------------------------------------

    def of_turn(self, delta: Delta, changes: Iterable[IncidentChange]) -> list[Record]:
        """Record what is new; at the end of the source also what was held back."""
        records = self.of_delta(delta)
        for change in changes:
            records += self.of_change(change)
        if delta.seen_until is not None:
            records += self.due(delta.seen_until)
        if delta.is_over:
            records += self.rest()
        return records

    def of_delta(self, delta: Delta) -> list[Record]:
        """Record flows, their observations with the slices that prove them, and activities."""
        for each in delta.slices:
            self._slices[each.frame] = each
        records = [record for seen in delta.flows for record in self.of_observations(seen)]
        records += [record for seen in delta.activities for record in self.of_activity(seen)]
        while len(self._slices) > MAX_SLICES_HELD:
            self._slices.popitem(last=False)
        return records

    def of_observations(self, seen: FlowSeen, slices: Iterable[Slice] = ()) -> list[Record]:
        """Record a flow when it is new and when it is over, and of its observations what was not recorded yet."""
        for each in slices:
            self._slices[each.frame] = each
        is_new = seen.id not in self._flows
        known = self._flows.setdefault(seen.id, {})
        records = [self._flow(seen)] if is_new or seen.is_over else []
        for observation in seen.flow.observations:
            key, state = _key(observation), hash((observation.count, observation.last))
            if key not in known or (seen.is_over and known[key] != state):
                known[key] = state
                records.append(self._observation(seen, observation))
        self._flows.move_to_end(seen.id)
        if seen.is_over:
            del self._flows[seen.id]
        elif len(self._flows) > MAX_KNOWN:
            self._flows.popitem(last=False)
        return records

    def _flow(self, seen: FlowSeen) -> Record:
        body, identifying = flow_parts(seen.flow)
        head: dict[str, Json] = {"id": self.flow_id(seen.id), "sensor": self.sensor, "is_over": seen.is_over}
        if not seen.is_over:
            body["minutes"] = []
        return Record("flow", new_id(seen.flow.last), seen.flow.last, head | body, identifying)

    def _observation(self, seen: FlowSeen, observation: Observation) -> Record:
        fact, identifying = parts(observation.fact)
        body: dict[str, Json] = {
            "flow": self.flow_id(seen.id),
            "detector": observation.detector,
            "confidence": observation.confidence.label,
            "end": observation.end,
            "stream": observation.stream,
            "first": rfc3339(observation.first),
            "last": rfc3339(observation.last),
            "count": observation.count,
            "frames": [list(frame) for frame in observation.frames],
            "infohashes": [str(name) for name in names(observation.fact)],
            "fact": fact,
        }
        slices = tuple(self._proof(observation.frames))
        return Record("observation", new_id(observation.last), observation.last, body, identifying or None, slices)

    def _proof(self, frames: Iterable[FrameRef]) -> Iterator[Slice]:
        found = (self._slices.get(frame) for frame in frames)
        yield from [each for each in found if each is not None][:MAX_SLICES]

    def of_activity(self, seen: ActivitySeen) -> list[Record]:
        """Record a host's talk with the DHT when it is new and when it is over."""
        is_new = seen.id not in self._activities
        self._activities[seen.id] = None
        if seen.is_over:
            del self._activities[seen.id]
        elif len(self._activities) > MAX_KNOWN:
            self._activities.popitem(last=False)
        if not (is_new or seen.is_over):
            return []
        activity = seen.activity
        fact, identifying = activity_parts(activity)
        torrents = [str(target.infohash) for target in (*activity.announced, *activity.looked_up)]
        body: dict[str, Json] = {
            "flow": self.activity_id(seen.id),
            "detector": "bt.dht",
            "vantage": activity.vantage,
            "vlan": list(activity.vlan),
            "first": rfc3339(activity.first),
            "last": rfc3339(activity.last),
            "is_over": seen.is_over,
            "frames": [list(frame) for frame in activity.frames],
            "infohashes": list(dict.fromkeys(torrents)),
            "fact": fact,
        }
        slices = tuple(self._proof(activity.frames))
        return [Record("observation", new_id(activity.last), activity.last, body, identifying, slices)]

    # -- incidents -----------------------------------------------------------------------------------------------------

    def of_change(self, change: IncidentChange) -> list[Record]:
        """Record an incident's new version, and its verdict and attribution where they are new; or hold it back."""
        told = self._told.get(change.incident.id)
        if told is not None and not _is_news(change, told):
            self._held[change.incident.id] = change
            return []
        return self._version(change)

    def due(self, now: int) -> list[Record]:
        """Record what was held back and is a minute old."""
        late = [each for each in self._held.values() if now - self._told[each.incident.id].caused >= MINUTE]
        return [record for change in late for record in self._version(change)]

    def rest(self) -> list[Record]:
        """Record everything that was held back: before an end."""
        return [record for change in list(self._held.values()) for record in self._version(change)]

    def _version(self, change: IncidentChange) -> list[Record]:
        incident = change.incident
        told = self._told.get(incident.id)
        self._held.pop(incident.id, None)
        flows, activities = frozenset(incident.conduct.flows), frozenset(incident.conduct.activities)
        new_flows = sorted(flows - told.flows if told else flows)
        new_activities = sorted(activities - told.activities if told else activities)
        members: dict[str, Json] = {
            "run": self.run,
            "flows": [self.flow_id(number) for number in new_flows[:MAX_MEMBERS]],
            "activities": [self.activity_id(number) for number in new_activities[:MAX_MEMBERS]],
            "flows_left_out": max(0, len(new_flows) - MAX_MEMBERS),
        }
        records = [incident_record(change, members, self.grounds)]
        before = told.incident if told else change.previous
        if before is None or before.judgement != incident.judgement:
            records.append(verdict_record(incident, change.caused, self.grounds))
        if before is None or before.attribution != incident.attribution:
            records.append(attribution_record(incident, change.caused, self.grounds))
        if change.is_over:
            self._told.pop(incident.id, None)
        else:
            self._told[incident.id] = _Told(incident, change.caused, flows, activities)
        return records

    # -- the sensor itself ---------------------------------------------------------------------------------------------

    def of_coverage(self, minute: CoverageMinute) -> list[Record]:
        """Record a minute of watching."""
        return [of_coverage(minute)]

    def of_event(self, what: str, words: Mapping[str, Json], at: int | None = None) -> list[Record]:
        """Record what happened to the sensor itself, now unless told otherwise."""
        moment = time.time_ns() if at is None else at
        return [of_sensor_event(what, words, at=moment, run=self.run, sensor=self.sensor)]


def _key(observation: Observation) -> int:
    fact = observation.fact
    what = (observation.detector, type(fact), names(fact))
    return hash((observation.end, observation.stream, observation.first, *what))


def _is_news(change: IncidentChange, told: _Told) -> bool:
    """Whether more is to be said of an incident than that it goes on."""
    now, before = change.incident.conduct, told.incident.conduct
    return (
        change.is_over
        or bool(change.merged)
        or change.caused - told.caused >= MINUTE
        or change.incident.judgement != told.incident.judgement
        or change.incident.attribution != told.incident.attribution
        or (now.participation, now.confidence, now.infohashes, now.detectors)
        != (before.participation, before.confidence, before.infohashes, before.detectors)
    )
