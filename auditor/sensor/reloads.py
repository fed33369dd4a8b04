"""Policy and identity sources that are replaced while the sensor runs, read in a thread of their own.

Reading may take seconds: a policy's long lists, a million leases. The loop goes on meanwhile, and is handed what came
of it. Identity sources are read again by themselves when one of their files has changed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from auditor.identity import load
from auditor.identity.reload import identity_in_force
from auditor.sensor.duties import sensor_policy_in_force

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from auditor.identity.load import Built
    from auditor.identity.reload import IdentityInForce
    from auditor.policy.evaluate import Policy
    from auditor.sensor.clock import Clock
    from auditor.sensor.errors import Errors
    from auditor.written.in_force import InForce, Reloaded, State

T = TypeVar("T")

EFFORT = 10
"""Identity sources that change all the time are read for a tenth of the time at most."""

Signature = tuple[tuple[str, int, int, int], ...]


class Handlers(NamedTuple):
    """Who is told, in the thread that reads."""

    policy: Callable[[State[Policy]], None]
    identity: Callable[[State[Built]], None]
    outcome: Callable[[str, Reloaded], None]
    """Of either, accepted or not, by its name."""


class Reloads:
    """Reads again what is asked for, and the identity sources when they change."""

    def __init__(
        self,
        policy: InForce[Policy],
        identity: InForce[Built] | None,
        identity_path: Path | None,
        handlers: Handlers,
        *,
        clock: Clock,
        errors: Errors,
        log: FilteringBoundLogger,
        poll: float,
    ) -> None:
        """``poll`` is how often, in seconds, files of identity sources are looked at."""
        self._policy = policy
        self._identity = identity
        self._identity_path = identity_path
        self._handlers = handlers
        self._clock = clock
        self._errors = errors
        self._log = log
        self._poll = None if identity is None else poll
        self._reading = threading.Lock()
        self._asked = threading.Event()
        self._stopped = threading.Event()
        self._seen = self._signature()
        self._not_before = 0
        self._thread = threading.Thread(target=self._run, name="reloads", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being read just now is let go."""
        self._stopped.set()
        self._asked.set()

    def ask(self) -> None:
        """Have everything read again soon."""
        self._asked.set()

    def now(self) -> bool:
        """Read everything again; return whether all of it was accepted."""
        with self._reading:
            accepted = self._read("policy", self._policy, self._handlers.policy)
            if self._identity is not None:
                self._seen = self._signature()
                accepted &= self._read("identity", self._identity, self._handlers.identity)
            return accepted

    def renew(self) -> None:
        """Read identity sources again beside what frames show, whatever became of their files.

        Files that were refused wait until they change.
        """
        if self._identity is None or self._identity.is_stale:
            return
        with self._reading:
            self._seen = self._signature()
            self._read("identity", self._identity, self._handlers.identity)

    def _run(self) -> None:
        while not self._stopped.is_set():
            asked = self._asked.wait(self._poll)
            self._asked.clear()
            if self._stopped.is_set():
                return
            with self._errors.guard("reload"):
                if asked:
                    self.now()
                else:
                    self._look()

    def _look(self) -> None:
        """Read identity sources if one of their files is not what it was."""
        if self._identity is None or self._clock.now().steady < self._not_before:
            return
        signature = self._signature()
        if signature == self._seen:
            return
        with self._reading:
            self._seen = signature  # what changes while it is read is read once more
            begun = self._clock.now().steady
            self._read("identity", self._identity, self._handlers.identity)
            ended = self._clock.now().steady
            self._not_before = ended + EFFORT * (ended - begun)

    def _read(self, name: str, held: InForce[T], put: Callable[[State[T]], None]) -> bool:
        with self._errors.guard(f"reload of {name}") as guard:
            before = held.state
            outcome = held.reload()
            if held.state is not before:
                put(held.state)
            self._handlers.outcome(name, outcome)
        return not guard.failed and outcome.accepted

    def _signature(self) -> Signature:
        """Say which files there are, and when and how they were last written."""
        if self._identity_path is None:
            return ()
        paths = [self._identity_path]
        with self._errors.guard("reload"):
            identity = load.read_file(self._identity_path).identity
            if identity is not None:
                paths += [file.path for source in identity.sources for file in source.files]
        found = []
        for path in paths:
            try:
                stat = path.stat()
            except OSError:
                found.append((str(path), 0, 0, 0))
            else:
                found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)


def in_force(policy: Path, identity: Path | None, clock: Clock) -> tuple[InForce[Policy], IdentityInForce | None]:
    """Put a sensor's policy, and identity sources where there are some, in force.

    Raises:
        Unusable: if one has an error, or the policy lacks what a sensor cannot do without.
    """

    def now() -> int:
        return clock.now().wall

    return sensor_policy_in_force(policy, now), None if identity is None else identity_in_force(identity, now)
