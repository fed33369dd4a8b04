"""A sink behind its queue: slow, failing, broken, or full."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from auditor.model.scale import Verdict
from auditor.sinks.queued import Queued
from tests.build.news import change, incident
from tests.build.states import fresh_state
from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.health import SensorState
    from auditor.model.standing import IncidentChange
    from auditor.sinks.news import News


class Listener:
    """A sink that keeps what it was told, and does as the test says."""

    def __init__(self) -> None:
        self.told: list[News] = []
        self.tries = 0
        self.reports = 0
        self.problem: Exception | None = None
        self.spoilt = ""
        self.may_go = threading.Event()
        self.may_go.set()
        self.is_closed = False

    def tell(self, news: Sequence[News]) -> None:
        """Keep it, fail, or hang."""
        self.tries += 1
        self.may_go.wait(10)
        if self.problem is not None:
            raise self.problem
        if any(self.spoilt and each.incident.endswith(self.spoilt) for each in news):
            raise ValueError("there is no way to say it")
        self.told += news

    def report(self, _state: SensorState) -> None:
        """Count it."""
        self.reports += 1

    def close(self) -> None:
        """Remember it."""
        self.is_closed = True


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One that is let go at the end."""
    made = Listener()
    yield made
    made.may_go.set()


def queued(listener: Listener, capacity: int = 100, said: list[str] | None = None) -> Queued:
    """The listener behind a queue; what it says is kept."""
    words = [] if said is None else said
    return Queued(listener, kind="test", capacity=capacity, least=Verdict.ALLOW, say=words.append, shortest_wait=0.01)


def changes(*verdicts: Verdict, start: int = 0) -> list[IncidentChange]:
    """New incidents of these verdicts."""
    return [change(incident(number, verdict=verdict)) for number, verdict in enumerate(verdicts, start)]


def numbers(listener: Listener) -> list[int]:
    """Which incidents it was told of."""
    return [int(news.incident.rsplit("-", 1)[1]) for news in listener.told]


def test_all_is_told_in_order(listener: Listener) -> None:
    """Whatever their verdicts; closing waits for it."""
    sink = queued(listener)
    sink.tell(changes(Verdict.VIOLATION, Verdict.ALLOW, Verdict.NOTICE, Verdict.VIOLATION))

    assert sink.close(10)
    assert numbers(listener) == [0, 1, 2, 3]
    assert listener.is_closed
    assert sink.state()[1:] == (4, 0, 0, None, None)


def test_telling_never_waits(listener: Listener) -> None:
    """A sink that hangs delays nobody; what it cannot take is dropped and counted."""
    listener.may_go.clear()
    sink = queued(listener, capacity=10)
    began = time.monotonic()
    dropped = sum(sink.tell(changes(Verdict.NOTICE)) for _ in range(500))

    assert time.monotonic() - began < 2
    assert dropped == sink.state().dropped == 490
    assert sink.state().queued == 10
    listener.may_go.set()
    assert sink.close(10)
    assert sink.state().delivered == 10


def test_violations_are_dropped_last(listener: Listener) -> None:
    """First the oldest allowed incidents, then the oldest notices."""
    listener.may_go.clear()
    sink = queued(listener, capacity=5)
    sink.tell(changes(Verdict.VIOLATION))
    wait_until(lambda: listener.tries == 1)
    sink.tell(changes(Verdict.ALLOW, Verdict.NOTICE, Verdict.VIOLATION, Verdict.NOTICE, start=1))

    assert sink.tell(changes(Verdict.VIOLATION, Verdict.VIOLATION, start=5)) == 2
    assert sink.tell(changes(Verdict.ALLOW, start=7)) == 1
    listener.may_go.set()
    assert sink.close(10)
    assert numbers(listener) == [0, 3, 4, 5, 6]


def test_what_failed_is_told_again(listener: Listener) -> None:
    """After a while, and in the same order; who runs it is told once that it failed, and once that it works."""
    said: list[str] = []
    listener.problem = ConnectionRefusedError(111, "Connection refused")
    sink = queued(listener, said=said)
    sink.tell(changes(Verdict.NOTICE, Verdict.VIOLATION))
    wait_until(lambda: listener.tries > 2)
    state = sink.state()
    listener.problem = None
    wait_until(lambda: len(listener.told) == 2)

    assert state.failing_since is not None
    assert state.error == "[Errno 111] Connection refused"
    assert state.queued == 2
    assert sink.close(10)
    assert numbers(listener) == [0, 1]
    assert sink.state()[1:] == (2, 0, 0, None, None)
    assert said == ["cannot be told: [Errno 111] Connection refused", "works again"]


def test_tries_become_rare(listener: Listener) -> None:
    """Each wait is about twice the one before."""
    listener.problem = OSError("no")
    sink = queued(listener)
    sink.tell(changes(Verdict.NOTICE))
    time.sleep(0.5)

    assert 2 <= listener.tries <= 8
    assert not sink.close(0.1)


def test_a_sink_that_stays_away_does_not_hold_up_the_end(listener: Listener) -> None:
    """What was not told by then counts as dropped."""
    listener.problem = OSError("no")
    sink = queued(listener)
    sink.tell(changes(Verdict.NOTICE, Verdict.NOTICE))
    wait_until(lambda: listener.tries > 2)
    began = time.monotonic()

    assert not sink.close(5)
    assert time.monotonic() - began < 2
    assert (sink.state().dropped, sink.state().queued) == (2, 0)
    assert listener.is_closed


def test_a_defect_of_a_format_does_not_end_the_sink(listener: Listener) -> None:
    """The news that brought it out are dropped, the next are told."""
    listener.problem = KeyError("bt.new")
    sink = queued(listener)
    sink.tell(changes(Verdict.NOTICE))
    wait_until(lambda: sink.state().dropped == 1)
    assert "KeyError" in (sink.state().error or "")
    listener.problem = None
    sink.tell(changes(Verdict.NOTICE, start=1))

    assert sink.close(10)
    assert numbers(listener) == [1]


def test_one_news_that_cannot_be_written_takes_no_other_with_it(listener: Listener) -> None:
    """It alone is dropped; those that were to go with it arrive."""
    listener.may_go.clear()
    sink = queued(listener)
    sink.tell(changes(Verdict.NOTICE))
    wait_until(lambda: listener.tries == 1)
    listener.spoilt = "000000000002"
    sink.tell(changes(Verdict.VIOLATION, Verdict.NOTICE, Verdict.VIOLATION, start=1))
    listener.may_go.set()

    assert sink.close(10)
    assert numbers(listener) == [0, 1, 3]
    assert (sink.state().delivered, sink.state().dropped) == (3, 1)


def test_what_is_less_grave_is_not_told(listener: Listener) -> None:
    """But for what was graver before: who was told of it learns that it changed."""
    sink = Queued(listener, kind="test", capacity=10, least=Verdict.VIOLATION)
    softer = incident(1, verdict=Verdict.NOTICE)
    sink.tell([change(softer), change(softer, previous=incident(1))])

    assert sink.close(10)
    assert len(listener.told) == 1


def test_how_the_sensor_is_is_told_beside_the_news(listener: Listener) -> None:
    """The latest report alone, and none while the sink fails."""
    sink = queued(listener)
    sink.report(fresh_state())
    wait_until(lambda: listener.reports == 1)

    assert sink.close(10)
    assert sink.state().delivered == 0
