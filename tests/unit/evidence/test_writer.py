"""Tests of the way of records into the store, with everything that may stand in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from auditor.evidence import schema
from auditor.evidence.store import Store, StoreError, open_store
from auditor.evidence.writer import Pace, Writer
from tests.build.evidence import frame, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.evidence.record import Record

SWIFT = Pace(batch=50, linger=0.01, first_retry=0.02, longest_retry=0.1)
Make = Callable[..., Writer]


class Failing:
    """A store that fails while it is told to, before or after it has written."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.reason: str | None = None
        self.after_writing = False
        self.slow = 0.0

    def connect(self) -> Store:
        """Open the store."""
        store = open_store(self._url)
        append = store.append

        def try_append(records: Sequence[Record]) -> None:
            time.sleep(self.slow)
            if self.reason is None or self.after_writing:
                append(records)
            if self.reason is not None:
                raise StoreError(self.reason)

        store.append = try_append  # type: ignore[method-assign]
        return store


@pytest.fixture
def failing(url: str) -> Failing:
    """A store that works until it is told otherwise."""
    return Failing(url)


@pytest.fixture
def make(failing: Failing, tmp_path: Path, said: list[str]) -> Iterator[Make]:
    """Make writers into it, which are closed with the test."""
    writers = []

    def start(**told: object) -> Writer:
        settings = {"spool": tmp_path / "spool", "say": said.append, "pace": SWIFT} | told
        writers.append(Writer(failing.connect, **settings))  # type: ignore[arg-type] # as the test says
        return writers[-1]

    yield start
    for writer in writers:
        writer.close(1)


@pytest.fixture
def said() -> list[str]:
    """What the writer said."""
    return []


def stored(url: str) -> list[str]:
    """Return the ids in the store, in their order."""
    with open_store(url) as store, store.reading() as connection:
        return list(connection.scalars(select(schema.records.c.id).order_by(schema.records.c.sequence)))


def ids(*numbers: int) -> list[str]:
    """Return the ids of records of these numbers."""
    return [record(number).id for number in numbers]


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_is_put_is_written(make: Make, url: str, said: list[str]) -> None:
    """In its order, and counted."""
    writer = make()

    for number in range(0, 200, 20):
        assert writer.put([record(each) for each in range(number, number + 20)]) == 0
    assert writer.flush(20)

    state = writer.state()
    assert (state.acknowledged, state.queued, state.spooled, state.dropped) == (200, 0, 0, {})
    assert (state.failing_since, state.error, said) == (None, None, [])
    assert state.backend in {"sqlite", "postgresql"}
    assert stored(url) == ids(*range(200))


@pytest.mark.parametrize("after_writing", [False, True])
def test_a_failure_is_made_up_for(
    make: Make, failing: Failing, url: str, said: list[str], *, after_writing: bool
) -> None:
    """What waits is spooled, told once, and written in its order, whether the failed write had written or not."""
    writer = make()
    writer.put([record(0)._replace(slices=(frame(1),))])
    assert writer.flush(20)

    failing.reason, failing.after_writing = "the disk is full", after_writing
    writer.put([record(number)._replace(slices=(frame(1),)) for number in range(1, 100)])
    until(lambda: writer.state().spooled == 99)
    writer.put([record(number) for number in range(100, 120)])
    until(lambda: writer.state().spooled == 119)
    assert not writer.flush(0.3)
    failed = writer.state()
    failing.reason = None
    assert writer.flush(20)

    assert (failed.error, failed.queued, failed.acknowledged) == ("the disk is full", 0, 1)
    assert failed.failing_since is not None
    assert writer.state().failing_since is None
    assert stored(url) == ids(*range(120))
    assert len(said) == 2
    assert "fails: the disk is full; records wait in" in said[0]
    assert "works again" in said[1]


def test_what_is_spooled_survives(make: Make, failing: Failing, url: str) -> None:
    """The next run writes it, before what is new."""
    failing.reason = "no connection"
    writer = make()
    writer.put([record(number) for number in range(100)])
    assert not writer.close(0.2)

    failing.reason = None
    writer = make()
    writer.put([record(number) for number in range(100, 110)])
    assert writer.flush(20)

    assert stored(url) == ids(*range(110))


def test_without_room(make: Make, failing: Failing, said: list[str], url: str) -> None:
    """Observations are dropped first, then flows; what was judged stays; all of it is counted and said."""
    failing.reason = "no connection"
    writer = make(spool=None, capacity=10)

    dropped = writer.put([record(number) for number in range(10)])
    dropped += writer.put([record(number, "flow") for number in range(6)])
    dropped += writer.put([record(number, "incident") for number in range(8)])
    dropped += writer.put([record(99), record(99, "flow")])
    until(lambda: any("dropped" in each for each in said))
    failing.reason = None
    assert writer.flush(20)

    assert dropped == 16
    assert writer.state().dropped == {"observation": 11, "flow": 5}
    kept = [record(number, "flow").id for number in range(2)] + [record(number, "incident").id for number in range(8)]
    assert stored(url) == kept


def test_a_full_spool(make: Make, failing: Failing, said: list[str], url: str) -> None:
    """Is told; what follows waits in memory, and the order stays."""
    failing.reason = "no connection"
    writer = make(spool_bytes=20_000)

    for number in range(0, 200, 10):
        writer.put([record(each) for each in range(number, number + 10)])
        time.sleep(0.005)
    until(lambda: any("the spool has reached its 20000 bytes" in each for each in said))
    state = writer.state()
    failing.reason = None
    assert writer.flush(20)

    assert state.spooled + state.queued == 200
    assert state.queued
    assert stored(url) == ids(*range(200))


def test_a_bad_record_keeps_nothing_back(make: Make, said: list[str], url: str) -> None:
    """It is dropped, counted and told, without its content."""
    writer = make()

    writer.put([record(1), record(2, secret=0.5), record(3)])  # type: ignore[arg-type] # that is the point
    assert writer.flush(20)

    assert stored(url) == ids(1, 3)
    assert writer.state().dropped == {"observation": 1}
    assert said == ["evidence that can never be written was dropped: observation: JSON of evidence holds no float"]


def test_putting_never_waits(make: Make, failing: Failing) -> None:
    """However slow the store is."""
    failing.slow = 2
    writer = make()
    writer.put([record(0)])
    time.sleep(0.1)

    begin = time.perf_counter()
    writer.put([record(number) for number in range(1, 100)])
    state = writer.state()

    assert time.perf_counter() - begin < 1
    assert state.queued == 100


def test_a_store_that_hangs(make: Make, failing: Failing, url: str) -> None:
    """Closing does not wait for it: what it was given, and what waits, is spooled."""
    failing.slow = 3
    writer = make()
    writer.put([record(number) for number in range(100)])
    time.sleep(0.2)

    begin = time.perf_counter()
    assert not writer.close(0.1)
    assert time.perf_counter() - begin < 2

    failing.slow = 0
    assert make().flush(20)
    time.sleep(3)  # until the slow one has written too
    assert stored(url) == ids(*range(100))


def test_after_closing(make: Make) -> None:
    """Nothing is taken any more, and that is counted."""
    writer = make()
    assert writer.close(5)

    assert writer.put([record(1)]) == 1
    assert writer.state().dropped == {"observation": 1}
