"""What the engine read, and how far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.activity import Activity
    from auditor.model.flow import Flow


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """One capture file or interface, as far as it was read."""

    path: str
    sha256: str | None
    """Of the bytes on disk; ``None`` where hashing was turned off or there is no file."""
    vantage: str
    packets: int
    bytes: int
    first: int | None
    last: int | None
    truncated: bool
    error: str | None
    """Why it could not be read at all: offset and what was expected."""
    anomalies: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything the engine saw in one run: the facts, before anyone judges them."""

    captures: tuple[CaptureInfo, ...]
    flows: tuple[Flow, ...]
    """Flows with a BitTorrent observation, in order of first packet; DHT-only ones where they were asked for."""
    activities: tuple[Activity, ...]
    limits_hit: Mapping[str, int]
    totals: Mapping[str, int]
    """What was looked at, counted: ``tcp_flows``, ``udp_flows``, ``one_sided_flows``, ``duplicate_frames`` …"""
