"""What the laboratory knows because it did it; ``samples/README.md`` describes the JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Participation = Literal["contacted", "present", "looked_up", "attempted", "announced", "connected", "transferred"]
Sender = Literal["host", "remote"]
SCHEMA = "auditor.truth/1"


@dataclass(frozen=True, slots=True)
class Machine:
    """A host of the laboratory and what ran on it."""

    ip: str
    addresses: Sequence[str]
    mac: str
    group: str
    role: str
    client: str | None


@dataclass(frozen=True, slots=True)
class Handshake:
    """A plaintext handshake over TCP: sent by the inside host, by the remote, or by both."""

    host: str
    remote: str
    infohash: str
    sent_by: Sequence[Sender]


@dataclass(frozen=True, slots=True)
class Dht:
    """What an inside host's DHT node did about infohashes."""

    host: str
    port: int
    announced: Sequence[str] = ()
    looked_up: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that an audit of the sample has to find; its amounts are lower bounds."""

    host: str
    group: str
    kind: Literal["swarm", "dht"]
    infohashes: Sequence[str]
    participation: Participation
    downloaded: int = 0
    uploaded: int = 0


@dataclass(slots=True)
class Truth:
    """The truth of one sample."""

    sample: str
    purpose: str
    made: str
    clients: dict[str, str] = field(default_factory=dict)
    hosts: list[Machine] = field(default_factory=list)
    torrents: list[dict[str, Any]] = field(default_factory=list)
    handshakes: list[Handshake] = field(default_factory=list)
    dht: list[Dht] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    downloaded: dict[str, dict[str, int]] = field(default_factory=dict)
    uploaded: dict[str, dict[str, int]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    @property
    def clean_hosts(self) -> list[str]:
        """Every address of the inside hosts that did nothing with BitTorrent, sorted."""
        busy = {entry.host for entry in self.handshakes} | {entry.host for entry in self.dht}
        busy |= {entry.host for entry in self.incidents}
        return sorted(
            address
            for machine in self.hosts
            if machine.group != "outside" and not busy.intersection(machine.addresses)
            for address in machine.addresses
        )

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        content = {"schema": SCHEMA, **asdict(self), "clean_hosts": self.clean_hosts}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
