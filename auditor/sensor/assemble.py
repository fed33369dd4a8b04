"""From settings to a daemon that can run: every part started, in the order in which they need each other.

What cannot be done without stops the start: the policy, the right to capture. A store that is away does not: frames
that pass are gone, and records can wait.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from auditor.engine import Options
from auditor.evidence.record import new_id
from auditor.evidence.resume import Left, left_open
from auditor.evidence.store import StoreError, open_store
from auditor.evidence.writer import Writer
from auditor.model.moment import HOUR, NANOSECONDS
from auditor.pipeline.standing import Standing
from auditor.sensor.coverage import Minutes
from auditor.sensor.daemon import Daemon, Notifying, Silent
from auditor.sensor.exposed import Exposed
from auditor.sensor.loop import Loop
from auditor.sensor.recorder import Recorder
from auditor.sensor.reloads import Handlers, Reloads
from auditor.sensor.upkeep import DAY, Chore, Upkeep
from auditor.sinks import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from auditor.evidence.store import Store
    from auditor.identity.load import Built
    from auditor.model.standing import IncidentChange
    from auditor.policy.evaluate import Policy
    from auditor.sensor.clock import Clock
    from auditor.sensor.config import MetricsSettings, SinkSettings, StoreSettings
    from auditor.sensor.errors import Errors
    from auditor.sensor.parts import Watching
    from auditor.written.in_force import InForce, Reloaded, State


class Held(NamedTuple):
    """What is in force of the files that people wrote."""

    policy: InForce[Policy]
    identity: InForce[Built] | None
    identity_path: Path | None
    key: bytes | None
    """Of pseudonyms."""


@dataclass(frozen=True)
class Settings:
    """What a daemon is made of, whether a sensor file says so or a command."""

    name: str
    held: Held
    store: StoreSettings | None = None
    metrics: MetricsSettings | None = None
    sinks: Sequence[SinkSettings] = ()
    poll: float = 60.0
    """Seconds between two looks at the files of identity sources."""
    is_live: bool = True
    tell: Callable[[Sequence[IncidentChange]], None] | None = None
    notify: Notifying = field(default_factory=Silent)
    grounds: Sequence[Path] = ()
    """Files whose text is recorded: those that people wrote."""
