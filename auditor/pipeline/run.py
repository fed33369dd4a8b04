"""Facts, attribution, judgement: what an audit, a sensor and the tests all run, so that all of them say the same."""

from __future__ import annotations

from functools import cache, partial
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from auditor.model.fact import SUPPORTING, Magnet, supports
from auditor.model.incident import Conduct, Incident, host_end
from auditor.model.scale import People, Verdict
from auditor.pipeline.beside import stand_beside
from auditor.pipeline.conduct import conducts, inside_ends
from auditor.pipeline.content import ShownTorrent, Torrents
from auditor.pipeline.external import External, externals
from auditor.pipeline.part import ENDS, Host, host_of
from auditor.pipeline.people import Shown
from auditor.pipeline.translating import Translating
from auditor.pipeline.whose import Whose
from auditor.policy.history import History
from auditor.policy.membership import outermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from auditor.model.activity import Activity
    from auditor.model.attribution import Attribution
    from auditor.model.capture import CaptureInfo, Sighting
    from auditor.model.flow import Address, End, Flow, Observation
    from auditor.model.identity import Asked, IdentityRead, Tenure
    from auditor.pipeline.conduct import IsInside
    from auditor.pipeline.translating import Behind
    from auditor.policy.evaluate import Policy

_T = TypeVar("_T", "Flow", "Activity")


class JudgedFlow(NamedTuple):
    """A flow with whose it was and which incidents it belongs to."""

    id: str
    flow: Flow
    inside_end: str
    orig: Attribution | None
    """``None`` for an end that is outside, where the other end is inside."""
    resp: Attribution | None
    incidents: tuple[str, ...]
    verdict: Verdict | None
    """The gravest of its incidents'."""


class JudgedActivity(NamedTuple):
    """A DHT activity with the incidents it belongs to."""

    activity: Activity
    incidents: tuple[str, ...]


class AuditResult(NamedTuple):
    """Everything that one audit says, in the order in which it is shown: by time, then by address."""

    policy_name: str | None
    policy_sha256: str | None
    identity: IdentityRead | None
    """``None`` where no identity sources were given."""
    people: People
    inside: tuple[str, ...]
    """The networks that were held to be ours, egress included."""
    captures: tuple[CaptureInfo, ...]
    incidents: tuple[Incident, ...]
    activities: tuple[JudgedActivity, ...]
    external_addresses: tuple[External, ...]
    """The public addresses that inside hosts were told to have."""
    torrents: tuple[ShownTorrent, ...]
    """Those of its incidents whose metadata is known."""
    limits_hit: Mapping[str, int]
    totals: Mapping[str, int]
    undeclared: tuple[Address, ...]
    """Ends of BitTorrent flows and activities that have no inside end at all: one of them may be ours."""
    judge_flows: Callable[[], tuple[JudgedFlow, ...]]
    """Finds out whose each flow was, once: people read without."""

    @property
    def flows(self) -> tuple[JudgedFlow, ...]:
        """Whose each flow was, and to which incidents it belongs."""
        return self.judge_flows()

    @property
    def violations(self) -> int:
        """How many incidents break the policy."""
        return sum(incident.judgement.verdict is Verdict.VIOLATION for incident in self.incidents)


class Directory(Protocol):
    """Who held which address when, as identity sources know it."""

    def ask(self, asked: Asked, /) -> Sequence[Tenure]:
        """Say who held an address over a span of time: tenures that adjoin and cover it."""
        ...

    @property
    def behind(self) -> Behind:
        """What stood behind a public endpoint."""
        ...


def judge(
    sighting: Sighting,
    policy: Policy,
    *,
    directory: Directory | None = None,
    identity: IdentityRead | None = None,
    key: bytes | None = None,
    show_names: bool = False,
) -> AuditResult:
    """Attribute and judge everything that was seen.

    ``directory`` tells who held addresses, beyond what the policy says of networks, and ``identity`` what it was made
    of. Pseudonyms hold under ``key``, or for this result alone without one. What torrents and their files are called on
    the wire is in the result only with ``show_names``.
    """
    sighting = _in_order(sighting)
    is_inside = cache(policy.is_inside)
    whose = Whose(policy, None if directory is None else directory.ask, Shown(policy.people, key))
    seen = Torrents(sighting.torrents)
    translating = None if directory is None else Translating(policy.is_egress, directory.behind)
    did = conducts(sighting, is_inside, whose.over, seen.identities(policy.resolve), translating)
    sighting, found = _worth_telling(sighting, stand_beside(did, sighting, is_inside, whose.over))
    if policy.asks_metadata:
        found = [seen.described(conduct) for conduct in found]
    torrents = _torrents(seen, found, policy, show_names=show_names)
    history = History()
    incidents = tuple(_incidents(found, whose, policy, history, lambda conduct: torrents.get(_place(seen, conduct))))
    external_addresses, left_out = externals(sighting, is_inside)
    of_activity = _by_index((i.conduct.activities, i) for i in incidents)
    return AuditResult(
        policy_name=policy.name if policy.sha256 else None,
        policy_sha256=policy.sha256,
        identity=identity,
        people=policy.people,
        inside=tuple(str(n) for n in outermost((*policy.inside_networks, *policy.egress_networks))),
        captures=sighting.captures,
        incidents=incidents,
        activities=tuple(
            JudgedActivity(activity, tuple(i.id for i in of_activity.get(index, ())))
            for index, activity in enumerate(sighting.activities)
        ),
        external_addresses=external_addresses,
        torrents=tuple(torrents.values()),
        limits_hit={**sighting.limits_hit, **_nonzero(external_addresses=left_out, history=history.forgotten)},
        totals=sighting.totals,
        undeclared=_undeclared(sighting, is_inside),
        judge_flows=cache(
            partial(
                _judged_flows, sighting.flows, incidents, whose, is_inside, translating.host if translating else host_of
            )
        ),
    )


def _nonzero(**counts: int) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def attributed(conduct: Conduct, whose: Whose) -> Attribution:
    """Return whose the conduct is: it ended where that changed, so its first moment tells."""
    host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
    return whose.over(host, conduct.first, conduct.first)[0].attribution


def _worth_telling(sighting: Sighting, found: Sequence[Conduct]) -> tuple[Sighting, Sequence[Conduct]]:
    """Leave out flows with nothing but magnet links, looked-up names and the like, unless an incident has them."""
    some = {index for kind in (Magnet, *SUPPORTING) for index, *_ in sighting.seen(kind)}
    bare = {index for index in some if all(map(_is_bare, sighting.flows[index].observations))}
    if not bare:
        return sighting, found
    bare -= {index for conduct in found for index in conduct.flows}
    kept = [index for index in range(len(sighting.flows)) if index not in bare]
    moved = {index: place for place, index in enumerate(kept)}
    return (
        sighting._replace(flows=tuple(sighting.flows[index] for index in kept)),
        [conduct._replace(flows=tuple(moved[index] for index in conduct.flows)) for conduct in found],
    )


def _is_bare(observation: Observation) -> bool:
    return isinstance(observation.fact, Magnet) or supports(observation.fact)


def _torrents(
    seen: Torrents, found: Sequence[Conduct], policy: Policy, *, show_names: bool
) -> dict[int | None, ShownTorrent]:
    """Return the torrents of these conducts whose metadata is known, by their place, in its order."""
    named = {place: conduct for conduct in reversed(found) if (place := _place(seen, conduct)) is not None}
    return {
        place: seen.shown(place, f"t-{number:04}", policy.name_of(named[place].infohashes), show_names=show_names)
        for number, place in enumerate(sorted(named), start=1)
    }


def _place(seen: Torrents, conduct: Conduct) -> int | None:
    # Of several torrents that may be meant, none is shown as the one.
    return seen.place(conduct.infohashes.wire) if conduct.infohashes and conduct.kind == "swarm" else None


def _incidents(
    found: Iterable[Conduct],
    whose: Whose,
    policy: Policy,
    history: History,
    torrent_of: Callable[[Conduct], ShownTorrent | None],
) -> Iterator[Incident]:
    """Attribute and judge conducts, which are in order of time: a rule may ask what came before."""
    for number, conduct in enumerate(found, start=1):
        attribution, torrent = attributed(conduct, whose), torrent_of(conduct)
        yield Incident(
            id=f"i-{number:04}",
            conduct=conduct,
            attribution=attribution,
            judgement=policy.judge(conduct, attribution, history),
            name=listed_name(conduct, policy) or (torrent.name if torrent else None),
            torrent=torrent.id if torrent else None,
        )


def listed_name(conduct: Conduct, policy: Policy) -> str | None:
    """Return the name under which a list knows the torrent; the name of a mere candidate would be taken for it."""
    return policy.name_of(conduct.infohashes) if conduct.kind == "swarm" else None


def _judged_flows(
    flows: Iterable[Flow],
    incidents: Iterable[Incident],
    whose: Whose,
    is_inside: IsInside,
    host: Callable[[Flow, End], Host],
) -> tuple[JudgedFlow, ...]:
    of_flow = _by_index((i.conduct.flows, i) for i in incidents)
    judged = []
    for index, flow in enumerate(flows):
        inside = inside_ends(flow, is_inside)
        told = {end: whose.at(host(flow, end), flow.first, flow.last) for end in inside or ENDS}
        of_it = of_flow.get(index, ())
        judged.append(
            JudgedFlow(
                id=f"f-{index + 1:06}",
                flow=flow,
                inside_end=host_end(inside),
                orig=told.get("orig"),
                resp=told.get("resp"),
                incidents=tuple(i.id for i in of_it),
                verdict=max((i.judgement.verdict for i in of_it), default=None),
            )
        )
    return tuple(judged)


def _undeclared(sighting: Sighting, is_inside: IsInside) -> tuple[Address, ...]:
    outside = (flow for flow in sighting.flows if not (is_inside(flow.orig.ip) or is_inside(flow.resp.ip)))
    found = {end.ip for flow in outside for end in (flow.orig, flow.resp)}
    found |= {a.endpoint.ip for a in sighting.activities if not is_inside(a.endpoint.ip)}
    return tuple(sorted(found, key=_address_order))


def _by_index(incidents: Iterable[tuple[tuple[int, ...], Incident]]) -> dict[int, list[Incident]]:
    found: dict[int, list[Incident]] = {}
    for indexes, incident in incidents:
        for index in indexes:
            found.setdefault(index, []).append(incident)
    return found


def _in_order(sighting: Sighting) -> Sighting:
    """Order flows and activities by what they are, so that ids never depend on how many cores looked for them."""
    return sighting._replace(
        flows=_sorted(sighting.flows, _flow_order),
        activities=_sorted(sighting.activities, _activity_order),
    )


def _sorted(items: Iterable[_T], order: Callable[[_T], tuple[object, ...]]) -> tuple[_T, ...]:
    """Sort by time, and by all of ``order``, which begins with that, only where time does not tell: it takes long."""
    found = sorted(items, key=attrgetter("first"))
    if any(one.first == next_.first for one, next_ in pairwise(found)):
        found.sort(key=order)
    return tuple(found)


def _flow_order(flow: Flow) -> tuple[object, ...]:
    orig, resp = flow.orig, flow.resp
    ends = (orig.ip.version, orig.ip, orig.port, resp.ip.version, resp.ip, resp.port)
    what = (ends, flow.vlan, flow.tunnel or (), flow.last, flow.packets, flow.bytes)
    return flow.first, flow.vantage, flow.transport, what


def _activity_order(activity: Activity) -> tuple[object, ...]:
    ip, port, _ = activity.endpoint
    place = (activity.vantage, ip.version, ip, port, activity.vlan, activity.tunnel or ())
    return activity.first, *place, activity.last


def _address_order(address: Address) -> tuple[int, int]:
    return address.version, int(address)
