"""Whose address it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["attributed", "ambiguous", "unattributed"]
UNATTRIBUTED = "unattributed"
"""The group of an inside host that no group or record claims."""
UNKNOWN = "unknown"
"""The group of traffic that has no inside end at all."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One group or subject that an attribution weighed, and why."""

    group: str
    subject: str | None
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which group and subject an inside address belonged to."""

    group: str
    status: Status
    subject: str | None = None
    source: str | None = None
    """What says so: ``network 10.20.0.0/16``, ``vlan 30``, ``mac 52:54:…`` or an identity source's line."""
    candidates: tuple[Candidate, ...] = ()
