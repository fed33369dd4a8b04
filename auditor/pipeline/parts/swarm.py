"""What peer-wire handshakes and messages mean for one host (BEP 3, 52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from auditor.model.fact import Fact, Handshake, Messages
from auditor.model.scale import AmountBasis, Confidence, Participation
from auditor.pipeline.part import ENDS, NOTHING, Amount, Part, host_of, opposite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.flow import End, Flow
    from auditor.model.infohash import Infohash

_F = TypeVar("_F", bound=Fact)


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield an end's part of the swarm that the handshakes of a flow name."""
    own, other = _facts(flow, end, Handshake), _facts(flow, opposite(end), Handshake)
    sent, received = _facts(flow, end, Messages), _facts(flow, opposite(end), Messages)
    wire, v1 = _names(flow, end)
    if own and other and own[0].infohash != other[0].infohash and v1 is None:
        received = []  # The other end spoke of another torrent: nothing that it sent belongs to this one.
        other = []
    observations = [o for o in flow.observations if isinstance(o.fact, Handshake | Messages)]
    yield Part(
        kind="swarm",
        host=host_of(flow, end),
        port=flow.endpoint(end).port,
        remote_port=flow.endpoint(opposite(end)).port,
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


def _facts(flow: Flow, end: End, kind: type[_F]) -> list[_F]:
    """Return the facts of one kind about what an end sent, in order of time."""
    observations = sorted((o for o in flow.observations if o.end == end), key=lambda o: o.first)
    return [o.fact for o in observations if isinstance(o.fact, kind)]
