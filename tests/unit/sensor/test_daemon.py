"""A sensor from its start to its end, with parts that the test moves by hand."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from auditor.sensor import daemon
from auditor.sensor.daemon import Daemon
from tests.build.sensing import seen
from tests.unit.sensor.test_loop import Running

if TYPE_CHECKING:
    from pathlib import Path


class Notified:
    """What the service manager was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def ready(self) -> None:
        """Everything runs."""
        self.told.append("ready")

    def alive(self) -> None:
        """The loop turns."""
        self.told.append("alive")

    def stopping(self) -> None:
        """It ends."""
        self.told.append("stopping")


class Started:
    """A daemon whose clock moves with each turn."""

    def __init__(self, folder: Path) -> None:
        self.parts = Running(folder)
        self.notified = Notified()
        self.reloads = 0
        self.turns = 0
        self.ends = ExitStack()
        self.daemon = Daemon(
            watch=self.parts.watch,
            loop=self.parts.loop,
            exposed=self.parts.exposed,
            store=self.parts.store,
            sinks={"eve": self.parts.sink},
            clock=self.parts.clock,
            errors=self.parts.errors,
            log=self.parts.log.logger,
            ask_reload=self.reload,
            notify=self.notified,
            ends=self.ends,
        )

    def reload(self) -> None:
        """Be asked."""
        self.reloads += 1

    def at_turn(self, number: int, act: object) -> None:
        """Have something done at a turn of the loop, and time pass with each."""
        drain = self.parts.watch.drain

        def turn(wait: float) -> object:
            self.turns += 1
            self.parts.clock.move(0.5)
            if self.turns == number:
                act()  # type: ignore[operator]
            return drain(wait)

        self.parts.watch.drain = turn  # type: ignore[method-assign,assignment]


@pytest.fixture
def started(tmp_path: Path) -> Started:
    """A daemon that has not run."""
    return Started(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(started: Started, number: signal.Signals) -> None:
    """What the watch has still is recorded, then coverage, then that it stopped; all is closed."""

    def act() -> None:
        started.parts.watch.deltas.append(seen())
        os.kill(os.getpid(), number)

    started.at_turn(5, act)
    closed: list[str] = []
    started.ends.callback(lambda: closed.append("server"))

    assert started.daemon.run()
    assert [record.kind for record in started.parts.store.records] == ["observation", "coverage", "sensor"]
    assert started.parts.store.of("sensor") == [("stopped", {"reason": number.name})]
    assert started.parts.store.closed == daemon.STORE_CLOSES
    assert started.parts.sink.closed
    assert closed == ["server"]
    assert not started.parts.exposed.state().is_ready


def test_the_service_manager_is_told(started: Started) -> None:
    """That it is ready, that the loop turns, about once a second, and that it ends."""
    started.at_turn(10, started.daemon.stop)
    started.daemon.run()

    assert started.notified.told[0] == "ready"
    assert started.notified.told.count("alive") == 5
    assert started.notified.told.index("stopping") > started.notified.told.index("alive")


def test_sighup_asks_for_a_reload(started: Started) -> None:
    """Which is done elsewhere."""
    started.at_turn(2, lambda: os.kill(os.getpid(), signal.SIGHUP))
    started.parts.watch.deltas += [seen(number) for number in range(5)]
    started.parts.watch.stopped = True

    assert started.daemon.run()
    assert started.reloads == 1


def test_a_watch_that_does_not_end_is_left(started: Started) -> None:
    """After a while; what there is is recorded."""
    started.at_turn(2, started.daemon.stop)
    started.parts.watch.stop = lambda: None  # type: ignore[method-assign]

    assert not started.daemon.run()
    assert started.parts.log.of("the watch does not end")
    assert started.parts.store.of("sensor")


def test_a_broken_engine_ends_it(started: Started) -> None:
    """Badly, with everything recorded that there is."""
    started.parts.watch.failure = RuntimeError("panicked")

    assert not started.daemon.run()
    assert started.parts.log.of("given up")
    assert [record.kind for record in started.parts.store.records] == ["coverage", "sensor"]


def test_records_that_are_not_durable_at_the_end_are_said(started: Started) -> None:
    """How many they are, and why."""
    started.parts.watch.stopped = True
    started.parts.store.error = "disk full"
    started.parts.store.close = lambda timeout: timeout < 0  # type: ignore[method-assign]
    started.daemon.run()

    [line] = started.parts.log.of("records are not in the store")
    assert line["error"] == "disk full"


def test_a_clock_that_is_set_far_back_ends_it(started: Started) -> None:
    """Badly, so that it is started again, and with everything recorded."""
    started.at_turn(3, lambda: started.parts.clock.move(0.2, step=-7200))

    assert not started.daemon.run()
    assert started.parts.store.of("sensor") == [("stopped", {"reason": "the clock was set far back"})]
    assert sum(minute.clock_step for minute in started.parts.store.of("coverage")) == -7200 * 10**9
