"""What peer-wire handshakes and messages mean for one host, over TCP and within uTP (BEP 3, 29, 52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from auditor.model.client import name_client
from auditor.model.fact import Extended, Fact, Handshake, Messages, Utp
from auditor.model.scale import AmountBasis, Confidence, Participation
from auditor.model.text import harmless
from auditor.pipeline.part import ENDS, NOTHING, Amount, Part, host_of, opposite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.flow import End, Flow, Observation, Verified
    from auditor.model.infohash import Infohash

MAX_CLIENT = 64
"""Characters that are kept of what a client calls itself."""

_F = TypeVar("_F", bound=Fact)


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield an end's part of the swarm that the handshakes of each stream name.

    Two peers that share several torrents keep a uTP connection for each between the same two sockets: what is said in
    one says nothing of the others.
    """
    streams: dict[int, list[Observation]] = {}
    for seen in flow.observations:
        if isinstance(seen.fact, Handshake | Messages | Utp):
            streams.setdefault(seen.stream, []).append(seen)
    for observations in streams.values():
        if any(isinstance(o.fact, Handshake) for o in observations):
            yield _part(index, flow, end, observations)


def _part(index: int, flow: Flow, end: End, observations: Sequence[Observation]) -> Part:
    own, other = _facts(observations, end, Handshake), _facts(observations, opposite(end), Handshake)
    sent, received = _facts(observations, end, Messages), _facts(observations, opposite(end), Messages)
    began = _initiator(observations) == end
    if own and own[0] in other:  # No two peers have one id: the answer is an echo, and its sender said nothing itself.
        own, sent, other, received = (own, sent, [], []) if began else ([], [], other, received)
    wire, v1, is_one = _names(own, other, began=began)
    if not is_one:
        received = []  # The other end spoke of another torrent: nothing that it sent belongs to this one.
        other = []
    compared_up = _compared(flow, observations, end) if sent else ()
    compared_down = _compared(flow, observations, opposite(end)) if received else ()
    is_all = flow.transport == "tcp"
    return Part(
        kind="swarm",
        host=host_of(flow, end),
        port=flow.endpoint(end).port,
        remote_port=flow.endpoint(opposite(end)).port,
        first=flow.first if is_all else min(o.first for o in observations),
        last=flow.last if is_all else max(o.last for o in observations),
        participation=_participation(own, other, sent + received),
        confidence=max(o.confidence for o in observations if o.end == end) if own else Confidence.SUSPECTED,
        detectors=frozenset(o.detector for o in observations),
        wire=wire,
        v1=v1,
        downloaded=_amount(received, flow, observations, opposite(end), compared_down),
        uploaded=_amount(sent, flow, observations, end, compared_up),
        flow=index,
        frames=tuple(frame for o in observations for frame in o.frames),
        received=compared_down,
        sent=compared_up,
        peer=flow.endpoint(opposite(end)).ip if other else None,
        clients=_clients(own, flow, end, observations[0].stream),
    )


def _clients(own: list[Handshake], flow: Flow, end: End, stream: int) -> frozenset[str]:
    """Return what the end's client calls itself, in its peer id and in extended handshakes of this stream."""
    if not own:
        return frozenset()
    extended = _facts([o for o in flow.observations if o.stream == stream], end, Extended)
    told = {fact.client for fact in extended}
    names = {harmless(client.decode("utf-8", "replace"), MAX_CLIENT) for client in told if client}
    return frozenset(names | {name for h in own if (name := name_client(h.peer_id)) is not None})


def _participation(own: list[Handshake], other: list[Handshake], messages: list[Messages]) -> Participation:
    if not own:
        return Participation.CONTACTED
    if any(m.pieces for m in messages):
        return Participation.TRANSFERRED
    return Participation.CONNECTED if other else Participation.ATTEMPTED


def _names(
    own: list[Handshake], other: list[Handshake], *, began: bool
) -> tuple[tuple[Infohash, ...], Infohash | None, bool]:
    """Return the torrent's name in this stream, its v1 infohash where that is told, and whether both speak of it.

    Each end's own handshake names its torrent. The initiator of a hybrid torrent names it by its v1 infohash and offers
    the upgrade; a responder that has the v2 side may answer with the first 20 bytes of the v2 infohash, without
    repeating the offer (BEP 52). So another name in the answer to an offer is no other torrent, but which one it is
    rests on the peer's word: it becomes a name of the torrent only where metadata or a list says so.
    """
    if not own:
        return (other[0].infohash.wire,), None, True
    name = own[0].infohash
    if not other or other[0].infohash.wire == name.wire:
        return (name.wire,), None, True
    offered = (own[0] if began else other[0]).offers_upgrade
    return (name.wire,), name if offered and began else None, offered


def _initiator(observations: Sequence[Observation]) -> End:
    """Return who began the stream: the flow's originator, or who sent the SYN of a uTP connection."""
    return next((o.end for o in observations if isinstance(o.fact, Utp) and o.fact.began), "orig")


def _compared(flow: Flow, observations: Sequence[Observation], sender: End) -> tuple[Verified, ...]:
    """Return what became of the pieces that an end sent in this stream, where the torrent's metadata is known."""
    return tuple(v for v in flow.verified if v.end == sender and v.stream == observations[0].stream)


def _amount(
    messages: list[Messages],
    flow: Flow,
    observations: Sequence[Observation],
    sender: End,
    compared: tuple[Verified, ...],
) -> Amount:
    """Count the bytes of pieces, verified if all are; where messages were missed, all payload: an upper bound."""
    if not messages:
        return NOTHING
    if not any(m.partial for m in messages):
        count = sum(m.piece_bytes for m in messages)
        is_proven = 0 < count == sum(v.verified.bytes for v in compared)
        return count, AmountBasis.VERIFIED if is_proven else AmountBasis.PIECES
    if flow.transport == "tcp":
        return flow.bytes[ENDS.index(sender)], AmountBasis.FLOW
    # A UDP flow carries the DHT, trackers and other connections too: only this one's payload counts.
    payload = sum(o.fact.bytes for o in observations if isinstance(o.fact, Utp) and o.end == sender)
    return payload, AmountBasis.FLOW


def _facts(observations: Sequence[Observation], end: End, kind: type[_F]) -> list[_F]:
    """Return the facts of one kind about what an end sent, in order of time."""
    found = sorted((o for o in observations if o.end == end), key=lambda o: o.first)
    return [o.fact for o in found if isinstance(o.fact, kind)]
