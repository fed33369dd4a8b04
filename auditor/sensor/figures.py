"""Counts what the sensor saw and said, as it goes: what its state, and so its metrics, are made of.

An incident counts under the gravest that was ever said of it, which sticks: a later policy takes nothing back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, OrderedDict
from heapq import nlargest
from itertools import product
from math import inf
from typing import TYPE_CHECKING, NamedTuple, get_args

from auditor.model.health import OpenIncident
from auditor.model.incident import Kind
from auditor.model.moment import NANOSECONDS
from auditor.model.scale import Confidence, Participation, Verdict
from auditor.policy.fields import DETECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.model.incident import Conduct, Incident
    from auditor.model.standing import Gravest, IncidentChange
    from auditor.model.watch import Delta, FlowSeen
    from auditor.policy.evaluate import Policy

MAX_KNOWN = 500_000
"""Flows of which it is remembered what was counted; one that is forgotten and goes on is counted again."""
NEWEST = 100
"""Open violations that are told one by one."""
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, inf)
"""Seconds from a frame to the verdict that it caused."""
DHT = ("bt.dht", Confidence.CONFIRMED.label)
KINDS: tuple[str, ...] = get_args(Kind)


class Counted(NamedTuple):
    """How an open incident was counted last."""

    group: str
    verdict: str
    severity: str
    kind: str
    rule: str
    first: int
    downloaded: int
    uploaded: int
    lists: frozenset[str]
    is_upload: bool
    """Counted as an upload that is a violation."""


class Figures:
    """Everything that is counted of incidents and observations. It is one thread's, and whoever reads it locks."""

    def __init__(self) -> None:
        self.observations: Counter[tuple[str, str]] = Counter()
        self.incidents: Counter[tuple[str, str, str, str]] = Counter()
        self.incident_bytes: Counter[tuple[str, str, str]] = Counter()
        self.open: Counter[tuple[str, str, str]] = Counter()
        self.watched_seen: Counter[str] = Counter()
        self.unapproved_uploads: Counter[str] = Counter()
        self.limits_hit: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.anomalies: Counter[str] = Counter()
        self.delay_sum = 0.0
        self.delay_latest: float | None = None
        self.delay_exemplar: str | None = None
        self._delays = [0] * len(BOUNDS)
        self._of_flow: OrderedDict[int, Counter[tuple[str, str]]] = OrderedDict()
        self._activities: OrderedDict[int, None] = OrderedDict()
        self._open: dict[str, Counted] = {}
        self._violations: dict[str, Counted] = {}
        self._newest: tuple[OpenIncident, ...] | None = ()

    # -- what is there before anything is seen -------------------------------------------------------------------------

    def expect(self, policy: Policy) -> None:
        """Let every count that this policy can lead to begin at nothing: what begins at one shows no increase."""
        for detector, confidence in product(DETECTORS, Confidence):
            self.observations[detector, confidence.label] += 0
        for group, verdict, severity in outcomes(policy):
            self.open[group, verdict, severity] += 0
            for direction in ("down", "up"):
                self.incident_bytes[group, verdict, direction] += 0
            for kind in KINDS:
                self.incidents[group, verdict, severity, kind] += 0
        for group in policy.groups:
            self.unapproved_uploads[group] += 0
        for name in policy.catalogue.lists:
            self.watched_seen[name] += 0

    # -- what is seen --------------------------------------------------------------------------------------------------

    def see(self, delta: Delta) -> None:
        """Count what is new in a delta."""
        for flow in delta.flows:
            self._see_flow(flow)
        for seen in delta.activities:
            if seen.id not in self._activities:
                self.observations[DHT] += 1
                self._activities[seen.id] = None
            if seen.is_over:
                self._activities.pop(seen.id, None)
            elif len(self._activities) > MAX_KNOWN:
                self._activities.popitem(last=False)
        for number in delta.withdrawn_flows:
            self._of_flow.pop(number, None)
        for number in delta.withdrawn_activities:
            self._activities.pop(number, None)
        self.limits_hit.update(delta.limits_hit)
        self.totals.update(delta.totals)
        self.anomalies.update(delta.anomalies)

    def _see_flow(self, seen: FlowSeen) -> None:
        """Count the observations that this flow did not have before: it is handed over whole each time."""
        now = Counter((each.detector, each.confidence.label) for each in seen.flow.observations)
        self.observations.update(now - self._of_flow.get(seen.id, Counter()))
        if seen.is_over:
            self._of_flow.pop(seen.id, None)
        else:
            self._of_flow[seen.id] = now
            self._of_flow.move_to_end(seen.id)
            if len(self._of_flow) > MAX_KNOWN:
                self._of_flow.popitem(last=False)

    # -- what is said --------------------------------------------------------------------------------------------------

    def resume(self, incident: Incident, gravest: Gravest) -> None:
        """Take in an incident that an earlier run left open: it is open, and its beginning was counted then."""
        counted = _counted(incident, gravest, frozenset(), is_upload=False)
        self._put(incident.id, counted)

    def judge(self, changes: Iterable[IncidentChange], policy: Policy) -> None:
        """Count what is new about incidents."""
        for change in changes:
            self._change(change, policy)

    def _change(self, change: IncidentChange, policy: Policy) -> None:
        incident, conduct = change.incident, change.incident.conduct
        before = self._open.get(incident.id)
        lists = before.lists if before else frozenset[str]()
        new_lists = _lists(policy, conduct) - lists
        is_upload = bool(before and before.is_upload)
        uploads = _is_violating_upload(incident, change.gravest)
        now = _counted(incident, change.gravest, lists | new_lists, is_upload=is_upload or uploads)
        if before is None or before[:4] != now[:4]:
            self.incidents[now.group, now.verdict, now.severity, now.kind] += 1
        for direction, amount, was in (
            ("down", now.downloaded, before.downloaded if before else 0),
            ("up", now.uploaded, before.uploaded if before else 0),
        ):
            self.incident_bytes[now.group, now.verdict, direction] += max(amount - was, 0)
        self.watched_seen.update(new_lists)
        if uploads and not is_upload:
            self.unapproved_uploads[now.group] += 1
        for identifier in change.merged:
            self._remove(identifier)
        if change.is_over:
            self._remove(incident.id)
        else:
            self._put(incident.id, now)

    def _put(self, identifier: str, now: Counted) -> None:
        before = self._open.get(identifier)
        if before is not None:
            now = now._replace(
                downloaded=max(now.downloaded, before.downloaded), uploaded=max(now.uploaded, before.uploaded)
            )
            if before[:3] == now[:3] and before.rule == now.rule:
                self._open[identifier] = now
                if identifier in self._violations:
                    self._violations[identifier] = now
                return
            self._remove(identifier)
        self._open[identifier] = now
        self.open[now[:3]] += 1
        if now.verdict == Verdict.VIOLATION.label:
            self._violations[identifier] = now
            self._newest = None

    def _remove(self, identifier: str) -> None:
        before = self._open.pop(identifier, None)
        if before is not None:
            self.open[before[:3]] -= 1
        if self._violations.pop(identifier, None) is not None:
            self._newest = None

    def delayed(self, change: IncidentChange, now: int) -> None:
        """Count how long a verdict took from the frame that caused it, if it is a new one."""
        previous = change.previous
        if previous is not None and previous.judgement == change.incident.judgement:
            return
        seconds = max(now - change.caused, 0) / NANOSECONDS
        self._delays[bisect_left(BOUNDS, seconds)] += 1
        self.delay_sum += seconds
        self.delay_latest = seconds
        self.delay_exemplar = change.incident.id

    # -- what is asked -------------------------------------------------------------------------------------------------

    @property
    def delays(self) -> tuple[tuple[float, int], ...]:
        """The histogram of delays, cumulative."""
        total, told = 0, []
        for bound, count in zip(BOUNDS, self._delays, strict=True):
            total += count
            told.append((bound, total))
        return tuple(told)

    @property
    def newest(self) -> tuple[OpenIncident, ...]:
        """The newest open violations."""
        if self._newest is None:
            chosen = nlargest(NEWEST, self._violations.items(), key=lambda item: (item[1].first, item[0]))
            self._newest = tuple(OpenIncident(id_, each.group, each.severity, each.rule) for id_, each in chosen)
        return self._newest

    @property
    def left_out(self) -> int:
        """Open violations that are not told one by one."""
        return max(len(self._violations) - NEWEST, 0)

    @property
    def sizes(self) -> Mapping[str, int]:
        """How much is kept here."""
        return {"counted_flows": len(self._of_flow), "counted_incidents": len(self._open)}


def outcomes(policy: Policy) -> tuple[tuple[str, str, str], ...]:
    """Return every group, verdict and severity that a policy can come to."""
    judgements = {rule.judgement for rule in (*policy.exceptions, *policy.rules)} | set(policy.defaults.values())
    said = sorted({(each.verdict.label, each.severity.label) for each in judgements})
    return tuple((group, *each) for group, each in product(policy.groups, said))


def _counted(incident: Incident, gravest: Gravest, lists: frozenset[str], *, is_upload: bool) -> Counted:
    said, conduct = gravest.judgement, incident.conduct
    return Counted(
        incident.attribution.group,
        said.verdict.label,
        said.severity.label,
        conduct.kind,
        said.rule or "default",
        conduct.first,
        conduct.downloaded,
        conduct.uploaded,
        lists,
        is_upload,
    )


def _lists(policy: Policy, conduct: Conduct) -> frozenset[str]:
    """Return the lists that the torrent stands in; where it is one of several, those in which all of them stand."""
    each: Sequence[frozenset[str]] = policy.catalogue.lists_of(conduct)
    return frozenset.intersection(*each) if each else frozenset()


def _is_violating_upload(incident: Incident, gravest: Gravest) -> bool:
    conduct = incident.conduct
    gave = conduct.participation is Participation.TRANSFERRED and conduct.uploaded > 0
    return gave and gravest.judgement.verdict is Verdict.VIOLATION
