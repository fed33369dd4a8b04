"""What may be told of an incident: every format is made of this, and of nothing else.

Under ``people: none`` and ``pseudonym`` no address, port, MAC, user, host or torrent name is in it, nor a Community ID,
from which an inside address could be found by trying all. Not even outside peers' addresses: they are people too, and
with a time they lead to the inside host through any router's log. What anybody on the wire could have made up to hold a
name (clients, trackers) is never in it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.scale import People
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.flow import End, Endpoint, Flow
    from auditor.model.incident import Incident, Judgement
    from auditor.model.scale import AmountBasis, Confidence, Participation
    from auditor.model.standing import IncidentChange

MAX_FLOWS = 64
MAX_INFOHASHES = 16
MAX_MERGED = 16
MAX_TEXT = 300
"""Characters of a sentence or a name."""
_PSEUDONYM = re.compile(r"p-[0-9a-f]{20}")
"""What pseudonyms look like. Whatever else stands where one should be is not told."""


class Event(Enum):
    """What became of an incident."""

    BEGAN = "began"
    GRAVER = "graver"
    """Its verdict or severity rose."""
    CHANGED = "changed"
    ENDED = "ended"


class NewsFlow(NamedTuple):
    """A flow of an incident."""

    transport: str
    host_end: End
    first: int
    last: int
    packets: tuple[int, int]
    """Sent by orig and by resp."""
    bytes: tuple[int, int]
    community_id: str | None
    ends: tuple[Endpoint, Endpoint] | None
    """Orig and resp, without their MACs; ``None`` unless people are named."""


class News(NamedTuple):
    """What is told of an incident."""

    event: Event
    incident: str
    at: int
    """The time of the latest frame in it."""
    sensor: str
    group: str
    status: str
    subject: str | None
    """The pseudonym, or under ``people: named`` who it was."""
    judgement: Judgement
    """The gravest."""
    policy_sha256: str | None
    kind: str
    participation: Participation
    confidence: Confidence
    detectors: tuple[str, ...]
    infohashes: tuple[str, ...]
    """As the wire has them. Of an ``encrypted`` incident they are candidates."""
    is_inferred: bool
    name: str | None
    """What a policy list calls the torrent; only where people are named."""
    first: int
    last: int
    downloaded: int
    uploaded: int
    amount_basis: AmountBasis
    merged: tuple[str, ...]
    """Ids of incidents that are a part of this one now."""
    flow_count: int
    flows: tuple[NewsFlow, ...]
    """Those that prove most first."""


def news_of(change: IncidentChange) -> News | None:
    """Return what is to be told of a change; ``None`` where it has but more bytes than before."""
    event = _event(change)
    if event is None:
        return None
    conduct, attribution = change.incident.conduct, change.incident.attribution
    judgement, infohashes = change.gravest.judgement, conduct.infohashes
    return News(
        event=event,
        incident=harmless(change.incident.id, MAX_TEXT),
        at=change.caused,
        sensor=harmless(change.sensor, MAX_TEXT),
        group=harmless(attribution.group, MAX_TEXT),
        status=attribution.status,
        subject=_subject(attribution.subject, change.people),
        judgement=judgement._replace(reason=harmless(judgement.reason, MAX_TEXT)),
        policy_sha256=change.gravest.policy_sha256,
        kind=conduct.kind,
        participation=conduct.participation,
        confidence=conduct.confidence,
        detectors=tuple(sorted(conduct.detectors)),
        infohashes=tuple(str(infohash) for infohash in infohashes.wire[:MAX_INFOHASHES]) if infohashes else (),
        is_inferred=infohashes is not None and infohashes.basis.value == "inferred",
        name=harmless(change.incident.name, MAX_TEXT)
        if change.incident.name and change.people is People.NAMED
        else None,
        first=conduct.first,
        last=conduct.last,
        downloaded=conduct.downloaded,
        uploaded=conduct.uploaded,
        amount_basis=conduct.amount_basis,
        merged=tuple(harmless(merged, MAX_TEXT) for merged in change.merged[:MAX_MERGED]),
        flow_count=len(conduct.flows),
        flows=tuple(_flows(change)),
    )


def _event(change: IncidentChange) -> Event | None:
    now, before = change.incident, change.previous
    if change.is_over:
        return Event.ENDED
    if before is None:
        return Event.BEGAN
    if _gravity(now) > _gravity(before):
        return Event.GRAVER
    return Event.CHANGED if change.merged or _told(now) != _told(before) else None


def _gravity(incident: Incident) -> tuple[int, int]:
    return incident.judgement.verdict, incident.judgement.severity


def _told(incident: Incident) -> tuple[object, ...]:
    """Return what is worth telling again once it differs."""
    conduct, attribution, judgement = incident.conduct, incident.attribution, incident.judgement
    return (
        (attribution.group, attribution.status, attribution.subject),
        (judgement.verdict, judgement.severity, judgement.rule),
        (conduct.kind, conduct.participation, conduct.confidence, conduct.infohashes),
    )


def _subject(subject: str | None, people: People) -> str | None:
    if subject is None or people is People.NONE:
        return None
    if people is People.PSEUDONYM and not _PSEUDONYM.fullmatch(subject):
        return None
    return harmless(subject, MAX_TEXT)


def _flows(change: IncidentChange) -> Iterator[NewsFlow]:
    is_named = change.people is People.NAMED
    for flow in change.flows[:MAX_FLOWS]:
        yield NewsFlow(
            transport=flow.transport,
            host_end=_host_end(flow, change.incident),
            first=flow.first,
            last=flow.last,
            packets=flow.packets,
            bytes=flow.bytes,
            community_id=flow.community_id if is_named else None,
            ends=(flow.orig._replace(mac=None), flow.resp._replace(mac=None)) if is_named else None,
        )


def _host_end(flow: Flow, incident: Incident) -> End:
    return "resp" if flow.resp.ip == incident.conduct.host != flow.orig.ip else "orig"
