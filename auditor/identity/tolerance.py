"""How far the clocks of sources are off, and what that leaves uncertain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.model.identity import Offset
from auditor.model.moment import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPTURE = "capture"
"""The source whose statements bear the capture's own times."""
DEFAULT_TOLERANCE = 65 * MINUTE
"""Of a clock that nobody measured: an hour (daylight saving, a wrong zone), and five minutes that clocks go wrong."""

_OWN = Offset("measured")
_UNKNOWN = Offset("unknown")


class Clock(NamedTuple):
    """A source's clock, as it is reckoned with."""

    offset: Offset
    shift: int
    """Added to the source's times."""
    margin: int
    """How far a time may be from the capture's, after that."""


class Clocks:
    """The clock of each source."""

    def __init__(self, offsets: Mapping[str, Offset], tolerances: Mapping[str, int]) -> None:
        self._offsets = offsets
        self._tolerances = tolerances

    def of(self, source: str) -> Clock:
        """Return a source's clock.

        One that was measured or declared is off by that, give or take its margin; one that is unknown may be off by the
        source's tolerance, either way.
        """
        offset = self._offsets.get(source, _OWN if source == CAPTURE else _UNKNOWN)
        if offset.basis == "unknown":
            return Clock(offset, 0, max(0, self._tolerances.get(source, DEFAULT_TOLERANCE)))
        return Clock(offset, offset.nanoseconds, max(0, offset.margin))
