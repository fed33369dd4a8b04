"""What the engine read, and how far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.activity import Activity
    from auditor.model.flow import Flow
    from auditor.model.torrent import SeenTorrent


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
    """It breaks off, or is damaged: what is before that was read."""
    error: str | None
    """At which offset of the decompressed bytes what was expected: why it was not read; if ``truncated``, not on."""
    anomalies: Mapping[str, int] = field(default_factory=dict)

    @property
    def was_read(self) -> bool:
        """Whether it is a capture, of which at least the part before some damage was read."""
        return self.error is None or self.truncated


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
    torrents: tuple[SeenTorrent, ...] = ()
    """Torrents whose metadata passed and was verified, or was known beforehand."""
