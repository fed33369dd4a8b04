"""What was watched and what was not: what makes "nothing was seen" worth something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class CanaryResult(NamedTuple):
    """One test of the whole: the sensor sent itself one BitTorrent handshake and one DHT query, and looked for them."""

    at: int
    """Nanoseconds since the epoch."""
    over: str
    """The interface, or ``namespace``."""
    saw_handshake: bool
    saw_dht: bool
    delay: int | None
    """Nanoseconds from sending to having seen both; ``None`` where one is missing."""
    error: str | None
    """Why it could not be sent."""

    @property
    def is_seen(self) -> bool:
        """Whether both were seen."""
        return self.saw_handshake and self.saw_dht


@dataclass(frozen=True, slots=True)
class CoverageMinute:
    """One minute of watching, on the clock of the sensor."""

    sensor: str
    begin: int
    """Nanoseconds since the epoch."""
    watched: int
    """Nanoseconds of the minute in which at least one interface was captured."""
    frames: int
    bytes: int
    lost: int
    """Frames for which the kernel had no room."""
    discarded: Mapping[str, int] = field(default_factory=dict)
    """Frames and observations that we threw away, by reason."""
    unseen_bytes: int = 0
    """Bytes that TCP acknowledged and nobody captured: a mirror port that drops."""
    down: Mapping[str, int] = field(default_factory=dict)
    """Nanoseconds in which an interface was down or gone, by interface."""
    clock_step: int = 0
    """Nanoseconds by which the wall clock jumped against the steady one; negative: back."""
    clock_offset: int | None = None
    """Nanoseconds by which the system's clock is off, as its synchronisation estimates; ``None``: not synchronised."""
    restarts: int = 0
    """Beginnings of the sensor within the minute."""
    canaries: tuple[CanaryResult, ...] = ()
