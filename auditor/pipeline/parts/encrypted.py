"""What encrypted flows mean for the hosts to which they were tied.

An encrypted flow shows nothing itself. What it is tied to is inferred from elsewhere: a torrent if there is just one
candidate and the tie is likely, else no more than that the host has encrypted talk that may be about one of several, or
about any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import Encrypted, Utp
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import CONTACTED, ENDS, NOTHING, Host, Part, opposite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.flow import End, Flow, Observation, Tie

TRANSFER = 256 * 1024
"""Bytes that one end of an encrypted stream must have sent before it counts as a transfer.

What else passes, behind handshakes of some hundred bytes, is a bit of bitfield, 9 bytes of ``have`` and 20 bytes of
metadata for each piece (BEP 3, BEP 9): of a torrent with 8,000 pieces, more than most have, less than that. So a
torrent that is smaller itself is never called transferred here.
"""
_SHAPES = (Encrypted, Utp)


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield a part for each tie of an end: a UDP flow may have one for each end that began a uTP connection."""
    for tie in flow.ties:
        if tie.end == end:
            yield _part(index, flow, tie)


def _part(index: int, flow: Flow, tie: Tie) -> Part:
    seen = _tied(flow, tie)
    sent = _sent(flow, seen)
    own, remote = (flow.orig, flow.resp) if tie.end == "orig" else (flow.resp, flow.orig)
    up, down = sent if tie.end == "orig" else sent[::-1]
    participation = _participation(tie, sent)
    is_transfer = participation is Participation.TRANSFERRED
    candidates = tuple([inferred.infohash for inferred in tie.infohashes])
    is_told = tie.confidence >= Confidence.LIKELY and len(candidates) == 1
    is_all = flow.transport == "tcp"
    return Part(
        kind="swarm" if is_told else "encrypted",
        host=Host(flow.vantage, own.ip, flow.vlan, own.mac),
        port=own.port,
        remote_port=remote.port,
        first=flow.first if is_all else min([o.first for o in seen]),
        last=flow.last if is_all else max([o.last for o in seen]),
        participation=participation,
        confidence=tie.confidence,
        detectors=frozenset([o.detector for o in seen]),
        wire=candidates if is_told else (),
        basis=Basis.INFERRED,
        candidates=() if is_told else candidates,
        downloaded=(down, AmountBasis.FLOW) if is_transfer else NOTHING,
        uploaded=(up, AmountBasis.FLOW) if is_transfer else NOTHING,
        flow=index,
        frames=tuple([frame for o in seen for frame in o.frames]),
    )


def _tied(flow: Flow, tie: Tie) -> Sequence[Observation]:
    """Return what was observed of the streams that are meant: of a UDP flow, those that the same end began."""
    shapes = [o for o in flow.observations if o.confidence is Confidence.SUSPECTED and isinstance(o.fact, _SHAPES)]
    if flow.transport == "tcp":
        return shapes
    initiator = tie.end if tie.is_outgoing else opposite(tie.end)
    streams = {o.stream for o in shapes if isinstance(o.fact, Encrypted)}
    streams -= {o.stream for o in shapes if isinstance(o.fact, Utp) and o.fact.began and o.end != initiator}
    return [o for o in shapes if o.stream in streams]


def _sent(flow: Flow, seen: Sequence[Observation]) -> tuple[int, int]:
    """Return the payload of each end: of the uTP connections that are meant, or of the TCP flow."""
    if flow.transport == "tcp":
        return flow.bytes
    of_utp = [(o.end, o.fact.bytes) for o in seen if isinstance(o.fact, Utp)]
    orig, resp = (sum([count for sender, count in of_utp if sender == end]) for end in ENDS)
    return orig, resp


def _participation(tie: Tie, sent: tuple[int, int]) -> Participation:
    """Say what the tied end did, which has answered all that it was asked."""
    if tie.confidence is Confidence.SUSPECTED and not tie.is_outgoing:
        return CONTACTED[0]  # An outsider began it, and nobody said that it is about a torrent.
    return Participation.TRANSFERRED if max(sent) > TRANSFER else Participation.CONNECTED
