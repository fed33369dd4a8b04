"""What a check says, and what it may look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.sensor import confine
from auditor.sensor.clock import kernel_offset
from auditor.sensor.doctor import ethtool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.sensor.check import Checked
    from auditor.sensor.config import SensorConfig

Status = Literal["right", "doubtful", "wrong", "unknown"]


class Finding(NamedTuple):
    """One thing that was looked at."""

    subject: str
    """What: ``eth1``, ``clock``."""
    status: Status
    """``wrong`` keeps the sensor from working as it should; ``doubtful`` may; ``unknown``: it cannot be told here."""
    found: str
    todo: str | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """The machine, as checks see it; tests make one of their own."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    run: Path = Path("/run")
    units: tuple[Path, ...] = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"))
    prometheus: Path = Path("/etc/prometheus/prometheus.yml")
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    offloads: Callable[[str], ethtool.Offloads | None] = ethtool.offloads
    ring: Callable[[str], ethtool.Ring | None] = ethtool.ring
    capabilities: Callable[[], frozenset[int]] = confine.capabilities
    landlock: Callable[[], int | None] = confine.landlock_version
    clock_offset: Callable[[], int | None] = kernel_offset


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined."""

    checked: Checked
    """The files, each with its issues."""
    config: SensorConfig | None
    """What the sensor file says, as far as it can be made out."""
    host: Host
    now: int


Check = Callable[[Case], Iterator[Finding]]
