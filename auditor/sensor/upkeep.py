"""What a sensor does now and then, in a thread of its own: delete what is too old, count what people noted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.moment import HOUR, MINUTE, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.sensor.clock import Clock
    from auditor.sensor.errors import Errors

DAY = 24 * HOUR
AFTER_FAILURE = 10 * MINUTE
"""What failed is tried again sooner than its next time."""


class Chore(NamedTuple):
    """Something that is done again and again."""

    place: str
    """What errors in it are counted under."""
    every: int
    """Nanoseconds."""
    do: Callable[[], None]


class Upkeep:
    """Does chores one after the other, so that they do not press on the store together."""

    def __init__(self, chores: Sequence[Chore], *, clock: Clock, errors: Errors) -> None:
        self._chores = chores
        self._clock = clock
        self._errors = errors
        self._stopped = threading.Event()
        self._due = dict.fromkeys(range(len(chores)), clock.now().steady)
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin; each is done at once for the first time."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End, once the chore in hand is done."""
        self._stopped.set()
        self._thread.join(timeout)

    def do_due(self) -> float:
        """Do what is due; return in how many seconds there is more to do."""
        for number, chore in enumerate(self._chores):
            now = self._clock.now().steady
            if self._due[number] > now or self._stopped.is_set():
                continue
            with self._errors.guard(chore.place) as guard:
                chore.do()
            self._due[number] = now + (min(AFTER_FAILURE, chore.every) if guard.failed else chore.every)
        left = min(self._due.values(), default=self._clock.now().steady + DAY) - self._clock.now().steady
        return max(left, 0) / NANOSECONDS

    def _run(self) -> None:
        while not self._stopped.is_set():
            left = self.do_due()
            self._stopped.wait(min(left, 60.0) + 0.01)
