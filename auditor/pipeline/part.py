"""What one flow, or one infohash of a DHT activity, shows of one host: the parts that a conduct is made of.

What the host itself sent is kept apart from what others sent to it. Anyone can throw a handshake or a query at an
address, so others' bytes alone never make a host more than ``contacted``, and that only ever ``suspected``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from auditor.model.fact import Datagrams, Fact, Handshake, Messages
from auditor.model.scale import AmountBasis, Confidence, Participation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.activity import Activity, DhtTarget
    from auditor.model.flow import Address, End, Flow, FrameRef
    from auditor.model.infohash import Infohash

NODES_OF_A_LOOKUP = 3
"""Distinct nodes asked for one infohash before it counts as looked up: routing alone asks one or two (BEP 5)."""

DHT = "bt.dht"
ENDS: tuple[End, End] = ("orig", "resp")
Amount = tuple[int, AmountBasis]
NOTHING: Amount = (0, AmountBasis.NONE)
_F = TypeVar("_F", bound=Fact)


class Host(NamedTuple):
    """An address as it was seen: what an attribution needs to know."""

    vantage: str
    ip: Address
    vlan: tuple[int, ...]
    mac: str | None


class Part(NamedTuple):
    """A piece of a conduct: when one host did what, in which torrent, and what proves it."""

    kind: Literal["swarm", "dht"]
    host: Host
    port: int
    remote_port: int | None
    first: int
    last: int
    participation: Participation
    confidence: Confidence
    detectors: frozenset[str]
    wire: tuple[Infohash, ...] = ()
    """The torrent's names on the wire, the host's own first; two where a hybrid's ends differ (BEP 52)."""
    v1: Infohash | None = None
    """The v1 infohash, where a hybrid's handshakes tell which one it is."""
    downloaded: Amount = NOTHING
    uploaded: Amount = NOTHING
    flow: int | None = None
    activity: int | None = None
    frames: tuple[FrameRef, ...] = ()


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield what a flow shows of its ``end``: a part of a swarm, of the DHT, of both or of neither."""
    if any(isinstance(o.fact, Handshake) for o in flow.observations):
        yield _swarm(index, flow, end)
    if any(isinstance(o.fact, Datagrams) for o in flow.observations):
        yield _datagrams(index, flow, end)


def of_activity(index: int, activity: Activity) -> Iterator[Part]:
    """Yield an activity as a part of its host's DHT conduct, and one part of a swarm for each infohash it told of."""
    spoke = sum(activity.queries_out.values()) + activity.replies_out + activity.errors_out > 0
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
        detectors=frozenset({DHT}),
        activity=index,
        frames=activity.frames,
    )
    for target in activity.announced:
        yield _target(index, activity, host, target, Participation.ANNOUNCED)
    for target in activity.looked_up:
        if target.nodes >= NODES_OF_A_LOOKUP and not target.near_own_id:
            yield _target(index, activity, host, target, Participation.LOOKED_UP)


def opposite(end: End) -> End:
    """Return the other end."""
    return "resp" if end == "orig" else "orig"


def _swarm(index: int, flow: Flow, end: End) -> Part:
    host, remote = flow.endpoint(end), flow.endpoint(opposite(end))
    own, other = _facts(flow, end, Handshake), _facts(flow, opposite(end), Handshake)
    sent, received = _facts(flow, end, Messages), _facts(flow, opposite(end), Messages)
    wire, v1 = _names(flow, end)
    if own and other and own[0].infohash != other[0].infohash and v1 is None:
        received = []  # The other end spoke of another torrent: nothing that it sent belongs to this one.
        other = []
    observations = [o for o in flow.observations if isinstance(o.fact, Handshake | Messages)]
    return Part(
        kind="swarm",
        host=Host(flow.vantage, host.ip, flow.vlan, host.mac),
        port=host.port,
        remote_port=remote.port,
        first=flow.first,
        last=flow.last,
        participation=_participation(own, other, sent + received),
        confidence=max((o.confidence for o in observations if o.end == end), default=Confidence.SUSPECTED),
        detectors=frozenset(o.detector for o in observations),
        wire=wire,
        v1=v1,
        downloaded=_amount(received, flow, opposite(end)),
        uploaded=_amount(sent, flow, end),
        flow=index,
        frames=tuple(frame for o in observations for frame in o.frames),
    )


def _participation(own: list[Handshake], other: list[Handshake], messages: list[Messages]) -> Participation:
    if not own:
        return Participation.CONTACTED
    if any(m.pieces for m in messages):
        return Participation.TRANSFERRED
    return Participation.CONNECTED if other else Participation.ATTEMPTED


def _names(flow: Flow, end: End) -> tuple[tuple[Infohash, ...], Infohash | None]:
    """Return the torrent's names in this flow, the end's own first, and which of two is the v1 infohash.

    Each end's own handshake decides, with one exception (BEP 52): the initiator of a hybrid torrent names it by its v1
    infohash and offers the upgrade; a responder that has the v2 side may answer with the first 20 bytes of the v2
    infohash, without repeating the offer. Then the two are names of one torrent.
    """
    named = {e: handshakes[0] for e in ENDS if (handshakes := _facts(flow, e, Handshake))}
    if end not in named:
        return (named[opposite(end)].infohash.wire,), None
    own = named[end].infohash.wire
    if len(named) == len(ENDS) and named["orig"].offers_upgrade:
        other = named[opposite(end)].infohash.wire
        if own != other:
            return (own, other), named["orig"].infohash
    return (own,), None


def _amount(messages: list[Messages], flow: Flow, sender: End) -> Amount:
    """Count the bytes of pieces; where messages were missed, all payload instead: an upper bound, and said so."""
    if not messages:
        return NOTHING
    if any(m.partial for m in messages):
        return flow.bytes[ENDS.index(sender)], AmountBasis.FLOW
    return sum(m.piece_bytes for m in messages), AmountBasis.PIECES


def _datagrams(index: int, flow: Flow, end: End) -> Part:
    """Tie a flow to its host's DHT conduct.

    The conduct's proof is the activity, which is there whether or not its flows are asked for; so a flow adds neither
    frames nor ports, and the incident is the same with and without them.
    """
    host = flow.endpoint(end)
    observations = [o for o in flow.observations if isinstance(o.fact, Datagrams)]
    participation, confidence = _present(spoke=any(o.end == end for o in observations))
    return Part(
        kind="dht",
        host=Host(flow.vantage, host.ip, flow.vlan, host.mac),
        port=host.port,
        remote_port=None,
        first=min(o.first for o in observations),
        last=max(o.last for o in observations),
        participation=participation,
        confidence=confidence,
        detectors=frozenset(o.detector for o in observations),
        flow=index,
    )


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
        detectors=frozenset({DHT}),
        wire=(target.infohash.wire,),
        activity=index,
        frames=target.frames,
    )


def _present(*, spoke: bool) -> tuple[Participation, Confidence]:
    if spoke:
        return Participation.PRESENT, Confidence.CONFIRMED
    return Participation.CONTACTED, Confidence.SUSPECTED


def _facts(flow: Flow, end: End, kind: type[_F]) -> list[_F]:
    """Return the facts of one kind about what an end sent, in order of time."""
    observations = sorted((o for o in flow.observations if o.end == end), key=lambda o: o.first)
    return [o.fact for o in observations if isinstance(o.fact, kind)]
