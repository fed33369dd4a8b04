"""The facts that are known now, by the inside host of which they say something.

What a fold says of a host depends on the facts of that host alone, so only those with news are folded again. A host is
an inside address, at whichever vantage points: one behind translation may be seen at several.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.model.capture import Sighting
from auditor.model.fact import supports
from auditor.pipeline.conduct import inside_ends
from auditor.pipeline.parts import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from auditor.model.activity import Activity
    from auditor.model.flow import Address, Flow
    from auditor.model.watch import ActivitySeen, FlowSeen
    from auditor.pipeline.conduct import IsInside
    from auditor.pipeline.part import Part
    from auditor.pipeline.translating import Translating


@dataclass(slots=True, eq=False)
class Facts:
    """What is known of one host, by the watch's numbers."""

    host: Address
    flows: dict[int, FlowSeen] = field(default_factory=dict)
    activities: dict[int, ActivitySeen] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.flows) + len(self.activities)

    def sighting(self, *, is_ordered: bool) -> tuple[Sighting, tuple[int, ...], tuple[int, ...]]:
        """Return them as a sighting, and the number of each of its flows and activities."""
        flows: Iterable[FlowSeen] = self.flows.values()
        if is_ordered:
            flows = sorted(flows, key=lambda each: (each.flow.first, each.flow.last, each.id))
        flows, activities = tuple(flows), tuple(self.activities.values())
        seen = Sighting(
            captures=(),
            flows=tuple([each.flow for each in flows]),
            activities=tuple([each.activity for each in activities]),
            limits_hit={},
            totals={},
        )
        return seen, tuple([each.id for each in flows]), tuple([each.id for each in activities])


class Hosts:
    """Every host of which facts are known."""

    def __init__(self, is_inside: IsInside, translating: Translating | None) -> None:
        self._is_inside = is_inside
        self._translating = translating
        self._facts: dict[Address, Facts] = {}
        self._of_flow: dict[int, frozenset[Address]] = {}
        self._of_activity: dict[int, frozenset[Address]] = {}
        self._left: dict[tuple[str, int], frozenset[Address]] = {}
        """Hosts that let a fact go which another host keeps."""
        self.kept = 0
        """Facts that are kept, each as often as it has hosts."""
        self.is_grown = False
        """What was taken last was known before, and says more of the same."""

    def __iter__(self) -> Iterator[Address]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def facts(self, host: Address) -> Facts:
        """Return what is known of a host."""
        return self._facts.get(host) or Facts(host)

    def largest(self) -> list[Facts]:
        """Return what is known of each host, most first."""
        return sorted(self._facts.values(), key=len, reverse=True)

    def take_flow(self, seen: FlowSeen) -> frozenset[Address]:
        """Keep a flow as it is known now; return the hosts of which it says something, or said so before."""
        now, before = self._hosts_of_flow(seen.flow), self._of_flow.get(seen.id, frozenset())
        now -= self._left.get(("flow", seen.id), frozenset())
        known = next((self._facts[host].flows[seen.id].flow for host in now & before), None)
        self.is_grown = now == before and known is not None and _is_more_of(known, seen.flow)
        for host in before - now:
            self._facts[host].flows.pop(seen.id)
            self.kept -= 1
        for host in now:
            flows = self._made(host).flows
            self.kept += seen.id not in flows
            flows[seen.id] = seen
        self._of_flow[seen.id] = now
        return now | before

    def take_activity(self, seen: ActivitySeen) -> frozenset[Address]:
        """Keep an activity as it is known now; return the hosts of which it says something, or said so before."""
        now, before = self._hosts_of_activity(seen.activity), self._of_activity.get(seen.id, frozenset())
        now -= self._left.get(("activity", seen.id), frozenset())
        known = next((self._facts[host].activities[seen.id].activity for host in now & before), None)
        targets = len(seen.activity.announced), len(seen.activity.looked_up)
        self.is_grown = now == before and known is not None and targets == (len(known.announced), len(known.looked_up))
        for host in before - now:
            self._facts[host].activities.pop(seen.id)
            self.kept -= 1
        for host in now:
            activities = self._made(host).activities
            self.kept += seen.id not in activities
            activities[seen.id] = seen
        self._of_activity[seen.id] = now
        return now | before

    def withdraw(self, flows: Iterable[int] = (), activities: Iterable[int] = ()) -> frozenset[Address]:
        """Forget facts that are none after all; return the hosts of which they said something."""
        gone: set[Address] = set()
        for number in flows:
            for host in self._of_flow.get(number, ()):
                gone.add(host)
                self.drop(host, flows=(number,))
        for number in activities:
            for host in self._of_activity.get(number, ()):
                gone.add(host)
                self.drop(host, activities=(number,))
        return frozenset(gone)

    def drop(self, host: Address, flows: Iterable[int] = (), activities: Iterable[int] = ()) -> None:
        """Forget facts of a host."""
        facts = self._facts.get(host)
        if facts is None:
            return
        for number in flows:
            self.kept -= facts.flows.pop(number, None) is not None
            self._leave("flow", self._of_flow, number, host)
        for number in activities:
            self.kept -= facts.activities.pop(number, None) is not None
            self._leave("activity", self._of_activity, number, host)
        if not len(facts):
            del self._facts[host]

    def find_anew(self, is_inside: IsInside, translating: Translating | None) -> None:
        """Find out anew of which hosts the facts say something."""
        self._is_inside, self._translating = is_inside, translating
        flows = {number: seen for facts in self._facts.values() for number, seen in facts.flows.items()}
        activities = {number: seen for facts in self._facts.values() for number, seen in facts.activities.items()}
        for flow in flows.values():
            self.take_flow(flow)
        for activity in activities.values():
            self.take_activity(activity)
        for host in [host for host, facts in self._facts.items() if not len(facts)]:
            del self._facts[host]

    def _made(self, host: Address) -> Facts:
        facts = self._facts.get(host)
        if facts is None:
            facts = self._facts[host] = Facts(host)
        return facts

    def _hosts_of_flow(self, flow: Flow) -> frozenset[Address]:
        ends = inside_ends(flow, self._is_inside) or ("orig",)
        seen = frozenset([flow.endpoint(end).ip for end in ends])
        if self._translating is None or not any(map(self._translating.is_egress, seen)):
            return seen
        parts = [part for end in ends for part in registry.of_flow(0, flow, end)]
        hosts = _behind(self._translating, parts, Sighting((), (flow,), (), {}, {}))
        # What supports others is told of the address that was seen.
        return hosts | seen if any(supports(o.fact) for o in flow.observations) else hosts or seen

    def _hosts_of_activity(self, activity: Activity) -> frozenset[Address]:
        seen = activity.endpoint.ip
        if self._translating is None or not self._translating.is_egress(seen):
            return frozenset((seen,))
        return _behind(
            self._translating, list(registry.of_activity(0, activity)), Sighting((), (), (activity,), {}, {})
        )

    def _leave(self, kind: str, hosts: dict[int, frozenset[Address]], number: int, host: Address) -> None:
        rest = hosts.get(number, frozenset()) - {host}
        if rest:
            hosts[number] = rest
            self._left[kind, number] = self._left.get((kind, number), frozenset()) | {host}
        else:
            hosts.pop(number, None)
            self._left.pop((kind, number), None)


def _behind(translating: Translating, parts: Sequence[Part], sighting: Sighting) -> frozenset[Address]:
    return frozenset([part.host.ip for part in translating.inside_hosts(parts, sighting)])


def _is_more_of(before: Flow, now: Flow) -> bool:
    """Whether a flow shows no other things than before."""
    return [type(o.fact) for o in before.observations] == [
        type(o.fact) for o in now.observations
    ] and before.ties == now.ties
