"""The life of a running sensor: it starts, turns, reloads when it is told to, and stops in order.

To stop means: the watch ends, what it has still is judged and recorded, the last minute of coverage too, and everything
is durable before the process is gone. Whoever kills it instead loses what was not acknowledged, and coverage says so.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from auditor.model.moment import NANOSECONDS
from auditor.sensor.loop import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

    from auditor.sensor.clock import Clock
    from auditor.sensor.errors import Errors
    from auditor.sensor.exposed import Exposed
    from auditor.sensor.loop import Loop
    from auditor.sensor.parts import Storing, Telling, Watching

DRAIN = 30
"""Seconds in which the watch hands over the rest once it was stopped."""
STORE_CLOSES = 30.0
SINKS_CLOSE = 5.0
FEED = NANOSECONDS
"""The watchdog is fed no more often than once in so long."""


class Notifying(Protocol):
    """Tells the service manager how it goes."""

    def ready(self) -> None:
        """Everything runs."""
        ...

    def alive(self) -> None:
        """The loop turns."""
        ...

    def stopping(self) -> None:
        """It ends."""
        ...


class Silent:
    """Nobody is told."""

    def ready(self) -> None:
        """Say nothing."""

    def alive(self) -> None:
        """Say nothing."""

    def stopping(self) -> None:
        """Say nothing."""


@dataclass
class Daemon:
    """Everything that runs, and how it ends."""

    watch: Watching
    loop: Loop
    exposed: Exposed
    store: Storing | None
    sinks: Mapping[str, Telling]
    clock: Clock
    errors: Errors
    log: FilteringBoundLogger
    ask_reload: Callable[[], None] = lambda: None
    notify: Notifying = field(default_factory=Silent)
    ends: ExitStack = field(default_factory=ExitStack)
    """What else is closed at the end: the server of metrics, threads."""

    def __post_init__(self) -> None:
        self._signal: str | None = None
        self._must_reload = False
        self._fed: int | None = None

    def run(self) -> bool:
        """Run until the source is over or a signal comes; return whether all went well.

        What is left to be recorded is recorded, whatever happens.
        """
        with self.ends, self._signals():
            well = False
            try:
                self._begin()
                well = self._turn()
            except Broken as problem:
                self.log.critical("given up", reason=str(problem))
            finally:
                self._end()
            return well

    def stop(self, reason: str = "asked") -> None:
        """Have it stop soon; from any thread."""
        self._signal = reason

    def _begin(self) -> None:
        self.exposed.is_ready = True
        self.notify.ready()
        self.log.info("ready", sensor=self.exposed.sensor)

    def _turn(self) -> bool:
        """Turn until the end; return whether it is a good one, or the sensor must be started anew."""
        deadline: int | None = None
        while self.loop.turn():
            now = self.clock.now().steady
            self._feed(now)
            if self._must_reload:
                self._must_reload = False
                self.ask_reload()
            if self.loop.must_begin_anew and self._signal is None:
                self._signal = "the clock was set far back"
                self.log.critical("given up", reason="the clock was set far back: start again, from what is recorded")
            if self._signal is not None and deadline is None:
                deadline = now + DRAIN * NANOSECONDS
                self.log.info("stopping", reason=self._signal)
                self.exposed.is_ready = False
                self.notify.stopping()
                self.watch.stop()
            if deadline is not None and now > deadline:
                self.log.error("the watch does not end", seconds=DRAIN)
                return False
        return not self.loop.must_begin_anew

    def _feed(self, now: int) -> None:
        """Feed the watchdog: the loop has turned, and nothing else says so."""
        if self._fed is None or now - self._fed >= FEED:
            self._fed = now
            with self.errors.guard("watchdog"):
                self.notify.alive()

    def _end(self) -> None:
        self.exposed.is_ready = False
        self.loop.finish()
        self.loop.put_event("stopped", {"reason": self._signal or "the source is over"})
        for name, sink in self.sinks.items():
            with self.errors.guard(f"sink {name}"):
                if not sink.close(SINKS_CLOSE):
                    self.log.warning("a sink was not told all", sink=name, dropped=sink.state().dropped)
        if self.store is not None:
            with self.errors.guard("store"):
                if not self.store.close(STORE_CLOSES):
                    state = self.store.state()
                    self.log.error(
                        "records are not in the store", queued=state.queued, spooled=state.spooled, error=state.error
                    )
        self.log.info("stopped", sensor=self.exposed.sensor)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take signals while the sensor runs; handlers note them and the loop acts, since they may come at any line."""

        def stop(number: int, _frame: FrameType | None) -> None:
            self._signal = signal.Signals(number).name

        def reload(_number: int, _frame: FrameType | None) -> None:
            self._must_reload = True

        before: dict[int, Any] = {}
        try:
            for number, handler in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload)):
                before[number] = signal.signal(number, handler)
        except ValueError:  # not the main thread, as in tests: whoever runs us stops us
            before.clear()
        try:
            yield
        finally:
            for taken, old in before.items():
                signal.signal(taken, old)
