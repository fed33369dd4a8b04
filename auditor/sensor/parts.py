"""What the loop of the daemon needs of its parts, and nothing more: real ones and those of tests have this form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.model.coverage import CoverageMinute
    from auditor.model.health import SensorState, SinkState, StoreState
    from auditor.model.standing import IncidentChange
    from auditor.model.watch import Delta, WatchCounters
    from auditor.pipeline.run import Directory
    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import State

Record = Any
"""What is written into the store: the loop only hands it on."""


class Watching(Protocol):
    """Where facts come from: interfaces, or captures that are played."""

    def drain(self, wait: float, /) -> Delta:
        """Return what is new, as soon as there is some, at the latest after so many seconds."""
        ...

    def counters(self) -> WatchCounters:
        """Look at the counters; from any thread."""
        ...

    def stop(self) -> None:
        """Let the source end: the next deltas have the rest, and the last one says so."""
        ...


class Judging(Protocol):
    """What makes incidents of facts."""

    def take(self, delta: Delta, /) -> list[IncidentChange]:
        """Fold in what is new."""
        ...

    def advance(self, now: int, /) -> list[IncidentChange]:
        """End what was idle too long by the frames' time."""
        ...

    def replace_policy(self, state: State[Policy], /) -> list[IncidentChange]:
        """Judge what is open anew."""
        ...

    def replace_directory(self, directory: Directory | None, /) -> list[IncidentChange]:
        """Attribute what is open anew."""
        ...

    @property
    def limits_hit(self) -> Mapping[str, int]:
        """How often caps were reached since the start."""
        ...


class Keeping(Protocol):
    """What keeps the frames that tell who has which address, and has the directory built anew."""

    def take(self, delta: Delta, /) -> None:
        """Keep what is new."""
        ...

    def look_ahead(self, *, is_over: bool) -> None:
        """Have the directory built before the facts beside it are judged, where that is due."""
        ...


class Making(Protocol):
    """What makes records."""

    def of_turn(self, delta: Delta, changes: Iterable[IncidentChange], /) -> Sequence[Record]:
        """Record what one turn of the loop came to."""
        ...

    def of_coverage(self, minute: CoverageMinute, /) -> Sequence[Record]:
        """Record a minute."""
        ...

    def of_event(self, what: str, words: Mapping[str, Any], at: int, /) -> Sequence[Record]:
        """Record what happened to the sensor itself."""
        ...


class Storing(Protocol):
    """The queue in front of the store."""

    def put(self, records: Sequence[Record], /) -> int:
        """Take records without ever waiting; return how many were dropped."""
        ...

    def state(self) -> StoreState:
        """Say how it goes."""
        ...

    def close(self, timeout: float) -> bool:
        """Wait until all is durable, and end; false if it is not by then."""
        ...


class Telling(Protocol):
    """A sink behind its own bounded queue."""

    def tell(self, changes: Sequence[IncidentChange], /) -> int:
        """Take changes without ever waiting; return how many news were dropped."""
        ...

    def report(self, state: SensorState, /) -> None:
        """Take how the sensor is, without ever waiting."""
        ...

    def state(self) -> SinkState:
        """Say how it goes."""
        ...

    def close(self, timeout: float) -> bool:
        """Deliver what waits, and end; false if not all of it arrived by then."""
        ...
