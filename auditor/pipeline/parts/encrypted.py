"""What encrypted flows mean for the hosts to which they were tied.

An encrypted flow shows nothing itself. What it is tied to is inferred from elsewhere: a torrent if there is just one
candidate and the tie is likely, else no more than that the host has encrypted talk that may be about one of several, or
about any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import Encrypted, Utp
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import CONTACTED, ENDS, NOTHING, Part, host_of, opposite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.model.flow import End, Flow, Observation, Tie

TRANSFER = 256 * 1024
"""Bytes that one end of an encrypted stream must have sent before it counts as a transfer.

What else passes, behind handshakes of some hundred bytes, is a bit of bitfield, 9 bytes of ``have`` and 20 bytes of
metadata for each piece (BEP 3, BEP 9): of a torrent with 8,000 pieces, more than most have, less than that. So a
torrent that is smaller itself is never called transferred here.
"""


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield a part for each tie of an end: a UDP flow may have one for each end that began a uTP connection."""
    for tie in flow.ties:
        if tie.end == end:
            yield _part(index, flow, tie)


def _part(index: int, flow: Flow, tie: Tie) -> Part:
    seen = _tied(flow, tie)
    sent = _sent(flow, seen)
    participation = _participation(tie, sent)
    candidates = tuple(inferred.infohash for inferred in tie.infohashes)
    is_told = tie.confidence >= Confidence.LIKELY and len(candidates) == 1
    is_all = flow.transport == "tcp"
    part = Part(
        kind="swarm" if is_told else "encrypted",
        host=host_of(flow, tie.end),
        port=flow.endpoint(tie.end).port,
        remote_port=flow.endpoint(opposite(tie.end)).port,
        first=flow.first if is_all else min(o.first for o in seen),
        last=flow.last if is_all else max(o.last for o in seen),
        participation=participation,
        confidence=tie.confidence,
        detectors=frozenset(o.detector for o in seen),
        wire=candidates if is_told else (),
        basis=Basis.INFERRED,
        candidates=() if is_told else candidates,
        downloaded=NOTHING,
        uploaded=NOTHING,
        flow=index,
        frames=tuple(frame for o in seen for frame in o.frames),
    )
    if participation is not Participation.TRANSFERRED:
        return part
    down, up = sent[opposite(tie.end)], sent[tie.end]
    return part._replace(downloaded=(down, AmountBasis.FLOW), uploaded=(up, AmountBasis.FLOW))


def _tied(flow: Flow, tie: Tie) -> Sequence[Observation]:
    """Return what was observed of the streams that are meant: of a UDP flow, those that the same end began."""
    shapes = [o for o in flow.observations if o.confidence is Confidence.SUSPECTED]
    streams = {o.stream for o in shapes if isinstance(o.fact, Encrypted)}
    initiator = tie.end if tie.is_outgoing else opposite(tie.end)
    others = {o.stream for o in shapes if isinstance(o.fact, Utp) and o.fact.began and o.end != initiator}
    return [o for o in shapes if o.stream in streams - others and isinstance(o.fact, Encrypted | Utp)]


def _sent(flow: Flow, seen: Sequence[Observation]) -> Mapping[End, int]:
    """Return the payload of each end: of the uTP connections that are meant, or of the TCP flow."""
    if flow.transport == "tcp":
        return dict(zip(ENDS, flow.bytes, strict=True))
    return {end: sum(o.fact.bytes for o in seen if isinstance(o.fact, Utp) and o.end == end) for end in ENDS}


def _participation(tie: Tie, sent: Mapping[End, int]) -> Participation:
    """Say what the tied end did, which has answered all that it was asked."""
    if tie.confidence is Confidence.SUSPECTED and not tie.is_outgoing:
        return CONTACTED[0]  # An outsider began it, and nobody said that it is about a torrent.
    return Participation.TRANSFERRED if max(sent.values()) > TRANSFER else Participation.CONNECTED
