"""When an incident that goes on is told again: at once if another thing is said of it, now and then if it grew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from auditor.model.incident import Conduct, Incident
    from auditor.model.standing import Gravest

    News = Literal["none", "grown", "other"]

EVERY = 10 * NANOSECONDS
"""An incident that merely grows is told this often, in time of the frames …"""
MUCH = 1_000_000
"""… or once it grew by so many bytes, and by a tenth."""


def news(told: Incident, now: Incident) -> News:
    """Say what is new of an incident: other things, or more of the same."""
    if told == now:
        return "none"
    then, conduct = told.conduct, now.conduct
    if now._replace(conduct=then) != told or _unless_grown(then, conduct) != then:
        return "other"
    # By what the watch counts its facts, and which of many frames are kept, is of no interest by itself.
    is_grown = conduct._replace(flows=then.flows, activities=then.activities, frames=then.frames) != then
    return "grown" if is_grown else "none"


def is_due(told: Incident, told_at: int, now: Incident, moment: int) -> bool:
    """Whether it is time to tell of an incident that merely grew."""
    before, grown = _bytes(told.conduct), _bytes(now.conduct) - _bytes(told.conduct)
    return moment - told_at >= EVERY or grown >= max(MUCH, before // 10)


def graver(one: Gravest, other: Gravest) -> Gravest:
    """Return the graver; of two that are alike, the one that was said first."""
    first, second = sorted((one, other), key=lambda each: each.at)
    return second if _gravity(second) > _gravity(first) else first


def _gravity(said: Gravest) -> tuple[int, int]:
    return said.judgement.verdict, said.judgement.severity


def _unless_grown(then: Conduct, now: Conduct) -> Conduct:
    """Return what is known now, with all that grows by itself as it was."""
    return now._replace(
        ports=then.ports,
        remote_ports=then.remote_ports,
        last=then.last,
        downloaded=then.downloaded,
        uploaded=then.uploaded,
        flows=then.flows,
        activities=then.activities,
        frames=then.frames,
        claimed=then.claimed if then.claimed is not None and now.claimed is not None else now.claimed,
        verified=then.verified if then.verified is not None and now.verified is not None else now.verified,
        swarm_size=then.swarm_size,
    )


def _bytes(conduct: Conduct) -> int:
    return conduct.downloaded + conduct.uploaded
