"""What earlier runs of a sensor left in its store: incidents that go on, and until when it watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from auditor.evidence.store import Store
    from auditor.model.standing import Past, Resumed


class Earlier(NamedTuple):
    """What is known of earlier runs."""

    incidents: tuple[Resumed, ...] = ()
    """They are open still."""
    past: tuple[Past, ...] = ()
    """They are over, and rules may ask how often there were such."""
    watched_until: int | None = None
    """The end of the last minute of coverage."""
    runs: int = 0


def earlier_runs(store: Store, sensor: str, now: int) -> Earlier:
    """Ask the store.

    Raises:
        StoreError: if it cannot be read.
    """
    return Earlier()
