"""Incidents that go on: what is new about one, for whoever records, counts or tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from auditor.model.flow import Address, Flow
    from auditor.model.incident import Incident, Judgement
    from auditor.model.scale import People


class Gravest(NamedTuple):
    """The gravest that was ever said of an incident. It sticks, whatever a later policy says."""

    judgement: Judgement
    at: int
    """The frames' time when it was said."""
    policy_sha256: str | None


class Noted(NamedTuple):
    """A rule that asks how often something happened, and counts an incident."""

    rule: str
    what: str
    """``often`` or ``first``: the key of the policy under which it counts."""


class IncidentChange(NamedTuple):
    """An incident as it is known now, and what it was before."""

    incident: Incident
    """Its id is a UUID, and stays the same across restarts; its flows and activities are the watch's numbers, of those
    that are known still."""
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
    noted: tuple[Noted, ...] = ()
    """What counts it."""


class Resumed(NamedTuple):
    """What an earlier run knew of an incident that is open still."""

    incident: Incident
    """Its newest version. Numbers of flows, activities and torrents were those of an earlier watch: they mean nothing
    now, and may be left out."""
    gravest: Gravest
    noted: tuple[Noted, ...] = ()


class Past(NamedTuple):
    """What rules that ask how often something happened must know of an incident that is over."""

    id: str
    vantage: str
    host: Address
    vlan: tuple[int, ...]
    subject: str | None
    first: int
    noted: tuple[Noted, ...]
