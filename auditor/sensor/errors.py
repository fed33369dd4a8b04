"""Errors of our own that were caught so that the daemon goes on: counted by place, and logged without a flood."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

from auditor.model.moment import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

    from auditor.sensor.clock import Clock

MAX_PLACES = 256
"""Kinds of errors that are told apart; further ones are logged under their place alone."""


class Errors:
    """Counts errors; each kind is logged when it first comes, and from then on once a minute with a count."""

    def __init__(self, log: FilteringBoundLogger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last: dict[tuple[str, str], tuple[int, int]] = {}
        """When each kind was last logged, and how often it came since."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there were, by place."""
        with self._lock:
            return dict(self._counts)

    def caught(self, place: str, problem: BaseException, **words: object) -> None:
        """Count an error; ``place`` is a word for the part that failed.

        Its message is left out of the log above DEBUG, since it may quote an address or a name.
        """
        kind = (place, f"{type(problem).__name__} at {line_of(problem)}")
        now = self._clock.now().steady
        with self._lock:
            self._counts[place] += 1
            if kind not in self._last and len(self._last) >= MAX_PLACES:
                kind = (place, "others")
            logged, since = self._last.get(kind, (None, 0))
            if logged is not None and now - logged < MINUTE:
                self._last[kind] = (logged, since + 1)
                return
            self._last[kind] = (now, 0)
        self._log.error("error caught", place=place, error=kind[1], times=since + 1, **words)
        self._log.debug("its traceback", exc_info=problem)

    def guard(self, place: str) -> Guard:
        """Catch whatever goes wrong within a block."""
        return Guard(self, place)


class Guard:
    """A block in which errors are caught and counted; ``failed`` says afterwards whether one was."""

    def __init__(self, errors: Errors, place: str) -> None:
        self._errors = errors
        self._place = place
        self.failed = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Swallow errors, and nothing that is meant to end the program; a panic of the engine is an error."""
        if problem is None or isinstance(problem, KeyboardInterrupt | SystemExit | GeneratorExit):
            return False
        self.failed = True
        self._errors.caught(self._place, problem)
        return True


def line_of(problem: BaseException) -> str:
    """Say in which line of which file an error was raised."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown line" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


class Seldom:
    """Lets a message pass at most once in so long: what goes wrong each second needs no line each second."""

    def __init__(self, clock: Clock, every: int = MINUTE) -> None:
        self._clock = clock
        self._every = every
        self._last: dict[str, int] = {}

    def say(self, what: str, tell: Callable[[], object]) -> None:
        """Call ``tell`` unless it was called for ``what`` not long ago; ``what`` is one of few words."""
        now = self._clock.now().steady
        if what not in self._last or now - self._last[what] >= self._every:
            self._last[what] = now
            tell()
