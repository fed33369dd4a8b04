"""A part that outlasts its host's tenure is split where the address changed hands; the flow itself stays one.

Amounts are told apart by the engine's bytes a minute of frame time. What no byte of a minute shows to be a later
holder's stays with the earlier one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.model.scale import AmountBasis, Participation
from auditor.pipeline.part import NOTHING, Amount, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.capture import Sighting
    from auditor.model.flow import End, Flow, FrameRef, Minute
    from auditor.pipeline.whose import Held

MINUTE = 60 * 10**9


def split(part: Part, sighting: Sighting, held: Sequence[Held]) -> list[tuple[Held, Part]]:
    """Return a part of each holder that has any share in it, in order of time; never none."""
    shares = [_share(each, part, _traffic(part, sighting)) for each in held]
    active = [(each, share) for each, share in zip(held, shares, strict=True) if share is not None]
    if not active:  # Nothing was sent in any whole minute: all of it was at the beginning.
        return [(held[0], part)]
    downs = _apportioned(part.downloaded, [down for _, (down, _) in active])
    ups = _apportioned(part.uploaded, [up for _, (_, up) in active])
    return [
        (each, _piece(part, sighting, each, down, up)) for (each, _), down, up in zip(active, downs, ups, strict=True)
    ]


def _piece(part: Part, sighting: Sighting, held: Held, downloaded: Amount, uploaded: Amount) -> Part:
    participation = part.participation
    if participation is Participation.TRANSFERRED and not downloaded[0] + uploaded[0]:
        participation = Participation.CONNECTED
    return part._replace(
        first=max(part.first, held.first),
        last=min(part.last, held.last),
        participation=participation,
        downloaded=downloaded,
        uploaded=uploaded,
        frames=_frames(part, sighting, held),
        # Which of the verified pieces passed in whose time is not known.
        received=(),
        sent=(),
    )


def _traffic(part: Part, sighting: Sighting) -> tuple[tuple[Minute, ...], bool]:
    """Return the minutes of what the part is of, and whether ``orig`` is the host there."""
    if part.flow is not None:
        flow = sighting.flows[part.flow]
        return flow.minutes, _end_of(part, flow) == "orig"
    if part.activity is not None:
        return sighting.activities[part.activity].minutes, True
    return (), True


def _end_of(part: Part, flow: Flow) -> End:
    is_orig = (part.public or (part.host.ip, part.port)) == (flow.orig.ip, flow.orig.port)
    return "orig" if is_orig else "resp"


def _share(held: Held, part: Part, traffic: tuple[tuple[Minute, ...], bool]) -> tuple[int, int] | None:
    """Return the bytes to and from the host in the minutes of one holder; ``None`` where it has none of the part."""
    minutes, is_orig = traffic
    orig = resp = seen = 0
    for minute, by_orig, by_resp in minutes:
        if _holds(held, part, minute):
            seen += 1
            orig, resp = orig + by_orig, resp + by_resp
    if not seen and (minutes or not held.first <= part.first <= held.last):
        return None
    return (resp, orig) if is_orig else (orig, resp)


def _holds(held: Held, part: Part, minute: int) -> bool:
    """Whether a minute counts for a holder: it held the address in the middle of what the part has of the minute."""
    start, end = max(minute * MINUTE, part.first), min((minute + 1) * MINUTE, part.last)
    return start <= end and held.first <= (start + end) // 2 <= held.last


def _apportioned(amount: Amount, shares: Sequence[int]) -> list[Amount]:
    """Divide an amount as the payload was divided; nothing is lost by rounding.

    How many bytes of pieces passed in which minute was not counted, so no share rests on more than the payload.
    """
    count, basis = amount
    total = sum(shares)
    if len(shares) == 1 or basis is AmountBasis.NONE:
        return [amount if index == 0 else NOTHING for index in range(len(shares))]
    if not total:
        return [(count if index == 0 else 0, min(basis, AmountBasis.FLOW)) for index in range(len(shares))]
    edges = [0]
    for share in shares:
        edges.append(edges[-1] + share)
    upto = [count * edge // total for edge in edges]
    return [(high - low, min(basis, AmountBasis.FLOW)) for low, high in pairwise(upto)]


def _frames(part: Part, sighting: Sighting, held: Held) -> tuple[FrameRef, ...]:
    """Return the part's frames that prove what passed in one holder's time; all of them where times do not tell."""
    if part.flow is None:
        return part.frames
    mine = set(part.frames)
    seen = sighting.flows[part.flow].observations
    within = {frame for o in seen if o.first <= held.last and o.last >= held.first for frame in o.frames}
    return tuple(sorted(mine & within)) or part.frames
