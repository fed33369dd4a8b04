"""What talk with the mainline DHT means for one host (BEP 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import Datagrams
from auditor.model.scale import Confidence, Participation
from auditor.pipeline.part import CONTACTED, Host, Part, host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.activity import Activity, DhtTarget
    from auditor.model.flow import End, Flow

NODES_OF_A_LOOKUP = 3
"""Distinct nodes asked for one infohash before it counts as looked up: routing alone asks one or two (BEP 5)."""
_DETECTORS = frozenset({"bt.dht"})


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Tie a flow to its host's DHT conduct.

    The conduct's proof is the activity, which is there whether or not its flows are asked for; so a flow adds neither
    frames nor ports, and the incident is the same with and without them.
    """
    observations = [o for o in flow.observations if isinstance(o.fact, Datagrams)]
    own = [o.fact for o in observations if o.end == end and isinstance(o.fact, Datagrams)]
    participation, confidence = _present(spoke=any(fact.queries + fact.replies for fact in own))
    yield Part(
        kind="dht",
        host=host_of(flow, end),
        port=flow.endpoint(end).port,
        remote_port=None,
        first=min(o.first for o in observations),
        last=max(o.last for o in observations),
        participation=participation,
        confidence=confidence,
        detectors=frozenset(o.detector for o in observations),
        flow=index,
    )


def of_activity(index: int, activity: Activity) -> Iterator[Part]:
    """Yield an activity as a part of its host's DHT conduct, and one part of a swarm for each infohash it told of."""
    spoke = sum(activity.queries_out.values()) + activity.replies_out > 0
    host = Host(activity.vantage, activity.endpoint.ip, activity.vlan, activity.endpoint.mac)
    participation, confidence = _present(spoke=spoke)
    yield Part(
        kind="dht",
        host=host,
        port=activity.endpoint.port,
        remote_port=None,
        first=activity.first,
        last=activity.last,
        participation=participation,
        confidence=confidence,
        detectors=_DETECTORS,
        activity=index,
        frames=activity.frames,
    )
    for target in activity.announced:
        yield _target(index, activity, host, target, Participation.ANNOUNCED)
    for target in activity.looked_up:
        if target.nodes >= NODES_OF_A_LOOKUP and not target.near_own_id:
            yield _target(index, activity, host, target, Participation.LOOKED_UP)


def _target(index: int, activity: Activity, host: Host, target: DhtTarget, participation: Participation) -> Part:
    return Part(
        kind="swarm",
        host=host,
        port=activity.endpoint.port,
        remote_port=None,
        first=target.first,
        last=target.last,
        participation=participation,
        confidence=Confidence.CONFIRMED,
        detectors=_DETECTORS,
        wire=(target.infohash.wire,),
        activity=index,
        frames=target.frames,
    )


def _present(*, spoke: bool) -> tuple[Participation, Confidence]:
    """Say what a host is that spoke under a node id of its own; an error has none, and may be an echo."""
    return (Participation.PRESENT, Confidence.CONFIRMED) if spoke else CONTACTED
