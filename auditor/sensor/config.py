"""What a sensor file comes to: every path whole, every default filled in."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.sensor.fields import Listen
    from auditor.sensor.kernel_filter import Program
    from auditor.sinks.sink import SinkEntry

BLOCK = 1 << 18
"""Bytes of one block of a ring: the kernel hands frames over by the block."""


class Interface(NamedTuple):
    """An interface to capture, in the words of the engine."""

    interface: str
    snap_length: int
    ring_bytes: int
    """A multiple of the block."""
    block_bytes: int
    promiscuous: bool
    filter: Program
    """Empty: everything passes."""
    timestamps: Literal["software", "hardware"]
    vantage: str | None
    """Interfaces of one vantage point are read as one."""


class StoreSettings(NamedTuple):
    """Where evidence is kept, and what may wait for it."""

    url: str
    """May hold a password: never to be shown. See :attr:`place`."""
    queue: int
    """Records in memory."""
    spool: Path | None
    """``None``: what finds no room in memory is dropped."""
    spool_bytes: int
    commit: int
    """Nanoseconds for which records are gathered."""

    @property
    def place(self) -> str:
        """What people may read: the URL without its log-in."""
        scheme, mark, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}" if mark else self.url


class MetricsSettings(NamedTuple):
    """Where Prometheus finds us."""

    listen: Listen
    web_config: Path | None


class CanarySettings(NamedTuple):
    """When the sensor tests itself."""

    every: int
    """Nanoseconds."""
    over: str
    """``namespace``, or an interface."""


class LogSettings(NamedTuple):
    """How the log is written."""

    format: Literal["json", "console"]
    level: Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """Everything that a sensor file says."""

    path: Path
    sha256: str
    name: str
    policy: Path
    identity: Path | None
    identity_reload: int
    """Nanoseconds between two looks at the identity sources."""
    key_file: Path
    makes_key: bool
    """The key is our own, in the state folder: it is made at the first start."""
    state_dir: Path
    interfaces: tuple[Interface, ...]
    workers: int
    """0: one for each core."""
    store: StoreSettings
    metrics: MetricsSettings
    sinks: tuple[SinkEntry, ...]
    """Each under another name: :attr:`SinkEntry.shown`."""
    canary: CanarySettings | None
    log: LogSettings

    @property
    def files(self) -> Mapping[str, Path]:
        """Files that people wrote and the sensor reads, by what they are."""
        named = {"sensor": self.path, "policy": self.policy, "identity": self.identity, "web": self.metrics.web_config}
        return {what: path for what, path in named.items() if path is not None}


def host_name() -> str:
    """Return the name of this host as one of a sensor."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in socket.gethostname().lower())
    return kept.lstrip("._-")[:64] or "sensor"
