"""What every sink is, and what all have in common in ``sensor.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from auditor.model.scale import Verdict as Verdicts
from auditor.sinks import fields  # noqa: TC001  pydantic reads the annotations
from auditor.written.fields import Id  # noqa: TC001
from auditor.written.schema import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.model.health import SensorState
    from auditor.sinks.news import News

DEFAULT_QUEUE = 10_000


class Sink(Protocol):
    """Somebody who is told. It is used by one thread at a time, and may take long: it runs behind a queue."""

    def tell(self, news: Sequence[News]) -> None:
        """Tell all of it; what failed is told again as a whole.

        Raises:
            OSError: if it did not arrive, as far as can be known.
        """

    def report(self, state: SensorState) -> None:
        """Tell how the sensor is, where the format has a place for that.

        Raises:
            OSError: as ``tell``.
        """

    def close(self) -> None:
        """Let go of files and connections. Calling it again does nothing."""


class SinkEntry(Entry):
    """A sink in ``sensor.yaml``."""

    kind: fields.Kind = Field(description="The format.")
    name: Id | None = Field(default=None, description="Stands in metrics and logs. Default: the kind.")
    verdict: fields.Verdict = Field(
        default=Verdicts.NOTICE, description="Incidents of at least this verdict are told. Default: notice."
    )
    queue: fields.QueueLength = Field(
        default=DEFAULT_QUEUE,
        description="How many news wait while the other end is slow or away. Beyond that the oldest are dropped and "
        "counted, allowed incidents first, violations last. The evidence store has them all.",
    )

    @property
    def shown(self) -> str:
        """What the sink is called."""
        return self.name or self.kind

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that it writes to: what a process must not lock itself out of."""
        return ()

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files that it reads again at each connection."""
        return ()
