"""Incidents that go on: what is new about one, for whoever records, counts or tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from auditor.model.flow import Flow
    from auditor.model.incident import Incident, Judgement
    from auditor.model.scale import People


class Gravest(NamedTuple):
    """The gravest that was ever said of an incident. It sticks, whatever a later policy says."""

    judgement: Judgement
    at: int
    """The frames' time when it was said."""
    policy_sha256: str | None


class IncidentChange(NamedTuple):
    """An incident as it is known now, and what it was before."""

    incident: Incident
    """Its id is a UUID, and stays the same across restarts; its flows and activities are the watch's numbers."""
    gravest: Gravest
    previous: Incident | None
    """``None`` of a new one."""
    merged: tuple[str, ...]
    """Ids of incidents that turned out to be of the same torrent, and are a part of this one now."""
    is_over: bool
    """Nothing was seen of it for six hours, its address changed hands, or it went into another."""
    caused: int
    """The time of the latest frame in it: how old the news is."""
    flows: tuple[Flow, ...]
    """Its flows that are known still, at most 64, those that prove most first."""
    people: People
    """How it may be shown."""
    sensor: str
