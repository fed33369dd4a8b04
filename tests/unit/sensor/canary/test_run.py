"""Canaries that are sent, seen, missed, and left out of everything else."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from auditor.engine import Options
from auditor.engine.watch import Tap, Watch
from auditor.model.infohash import Infohash
from auditor.model.watch import ActivitySeen, Delta, FlowSeen, InterfaceCounters, Slice, WatchCounters
from auditor.sensor.canary import mark
from auditor.sensor.canary.mark import ANSWERING, ASKING
from auditor.sensor.canary.run import Canaries, Injecting, WithoutCanaries, once, way, way_or_why_not
from tests.build.links import needs_root, pair
from tests.build.sighting import FILM, activity, connection, flow, shake
from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.coverage import CanaryResult
    from auditor.sensor.canary.mark import Canary

KEY = bytes(range(32))


class Pretending:
    """A way that sends nothing, and tells what would be seen."""

    interface = "pretended0"

    def __init__(self, problem: OSError | None = None) -> None:
        self.problem = problem
        self.sent: list[Canary] = []
        self.is_closed = False

    def send(self, canary: Canary) -> None:
        """Remember it, or fail."""
        if self.problem is not None:
            raise self.problem
        self.sent.append(canary)

    def close(self) -> None:
        """Remember it."""
        self.is_closed = True


def seen(canary: Canary) -> Delta:
    """What a watch hands over of a canary."""
    at = time.time_ns()
    infohash = Infohash(canary.infohash)
    shaken = flow(str(ASKING), str(ANSWERING), [shake("orig", infohash, at=at), shake("resp", infohash, at=at)], at=at)
    talk = activity(str(ASKING), at=at, lasting=0)._replace(node_ids=(canary.asking_node,), frames=((0, 8),))
    proofs = tuple(Slice((0, number), at, 1, 60, b"") for number in (4, 8, 9))
    return Delta(
        flows=(FlowSeen(1, shaken, is_over=False),),
        activities=(ActivitySeen(1, talk, is_over=False),),
        slices=proofs,
    )


def running(canaries: Canaries, timeout: float = 10) -> Callable[[], CanaryResult]:
    """Run a canary in a thread; return what gives its result."""
    results: list[CanaryResult] = []
    thread = threading.Thread(target=lambda: results.append(canaries.run(timeout)))
    thread.start()

    def result() -> CanaryResult:
        thread.join(20)
        return results[0]

    return result


def test_a_canary_that_is_seen() -> None:
    """Both parts, and how long it took; nothing of it is handed on, and everything else is."""
    way = Pretending()
    canaries = Canaries(way, "namespace", KEY)
    result = running(canaries)
    wait_until(lambda: way.sent)
    delta = seen(way.sent[0])
    other = FlowSeen(2, connection("10.20.0.5", "198.51.100.7", FILM), is_over=False)
    left = canaries.take(replace(delta, flows=(*delta.flows, other)))

    assert result().is_seen
    assert (result().over, result().error) == ("namespace", None)
    assert result().delay is not None
    assert left.flows == (other,)
    assert left.activities == ()
    assert [piece.frame for piece in left.slices] == [(0, 9)]
    assert canaries.left_out == 2


def test_half_a_canary_is_missed() -> None:
    """It says which half."""
    way = Pretending()
    canaries = Canaries(way, "namespace", KEY)
    result = running(canaries, 0.3)
    wait_until(lambda: way.sent)
    canaries.take(replace(seen(way.sent[0]), activities=()))

    assert (result().saw_handshake, result().saw_dht, result().delay) == (True, False, None)
    assert not result().is_seen


def test_an_older_canary_is_not_this_one() -> None:
    """It is left out, and this one is missed all the same."""
    way = Pretending()
    canaries = Canaries(way, "namespace", KEY)
    canaries.run(0)
    result = running(canaries, 0.2)
    wait_until(lambda: len(way.sent) > 1)
    left = canaries.take(seen(way.sent[0]))

    assert not result().saw_handshake
    assert left.flows == ()


def test_another_process_of_the_sensor_leaves_it_out_too() -> None:
    """By the key; one with another key does not, and tells what it saw."""
    way = Pretending()
    Canaries(way, "x", KEY).run(0)

    assert Canaries(way, "x", KEY).take(seen(way.sent[0])).flows == ()
    assert len(Canaries(way, "x").take(seen(way.sent[0])).flows) == 1


def test_one_that_cannot_be_sent_says_why() -> None:
    """At once."""
    result = Canaries(Pretending(OSError(1, "Operation not permitted")), "eth9").run(10)

    assert (result.error, result.delay, result.is_seen) == ("Operation not permitted", None, False)


def test_a_sensor_without_the_right_to_make_a_namespace_begins_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its canaries says why it was not sent."""

    def refuse(over: str) -> None:
        raise OSError(1, f"a private network {over}: Operation not permitted")

    monkeypatch.setattr("auditor.sensor.canary.run.way", refuse)
    canaries = Canaries(way_or_why_not("namespace"), "namespace")

    assert canaries.interface is None
    assert canaries.run().error == "a private network namespace: Operation not permitted"
    canaries.close()


def test_a_watch_without_canaries() -> None:
    """What is between the engine and the rest."""
    way = Pretending()
    canaries = Canaries(way, "x", KEY)
    canaries.run(0)
    watch = WithoutCanaries(_Watching(seen(way.sent[0])), canaries)

    assert watch.drain(0).flows == ()
    assert watch.counters().workers == 1
    assert [each.name for each in watch.counters().interfaces] == ["pretended0"]
    private = WithoutCanaries(_Watching(Delta()), Canaries(way, "namespace", KEY))
    assert private.counters().interfaces == ()
    watch.stop()
    canaries.close()
    assert way.is_closed


class _Watching:
    """A watch that hands over one thing."""

    def __init__(self, delta: Delta, error: str | None = None) -> None:
        self._delta = delta
        self._error = error

    def drain(self, wait: float, /) -> Delta:
        """Hand it over."""
        del wait
        return self._delta

    def counters(self) -> WatchCounters:
        """Of one interface."""
        is_open = self._error is None
        interface = InterfaceCounters("pretended0", is_open, 0, 0, 0, {}, 1, None, self._error)
        return WatchCounters((interface,), {}, 0, 1)

    def stop(self) -> None:
        """Do nothing."""


def test_an_interface_that_is_down_sends_nothing() -> None:
    """It would be missed, and is not even tried."""
    way = Pretending()
    result = once(Canaries(way, "pretended0"), _Watching(Delta(), "Network is down"))

    assert result.error == "Network is down"
    assert way.sent == []


def watched(canaries: Canaries, interface: str) -> CanaryResult:
    """Send a canary past a real watch of an interface."""
    with Watch.live([Tap(interface)], Options(inside=()), workers=1) as watch:
        result = running(canaries, 10)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and watch.counters().interfaces[0].frames < 10:
            canaries.take(watch.drain(0.05))
        watch.stop()
        while not (delta := watch.drain(0.5)).is_over:
            canaries.take(delta)
        canaries.take(delta)
        return result()


@pytest.mark.lab
@pytest.mark.parametrize("end", [0, 1])
def test_frames_on_an_interface_are_seen_at_both_its_ends(end: int) -> None:
    """By whoever captures the interface itself, and whoever captures what it leads to."""
    with pair() as ends:
        result = watched(Canaries(Injecting(ends[0]), ends[0]), ends[end])

    assert result.is_seen
    assert result.delay is not None


@pytest.mark.lab
def test_real_sockets_in_a_namespace_are_seen() -> None:
    """What they say to each other comes by at the interface that leads out."""
    needs_root()
    with closing(way("namespace", f"t{secrets.token_hex(4)}")) as private:
        assert private.interface is not None
        result = watched(Canaries(private, "namespace"), private.interface)

    assert result.is_seen
    assert result.error is None


@pytest.mark.lab
def test_a_canary_elsewhere_is_missed() -> None:
    """It stays on its interface: a watch of another one sees nothing of it."""
    with pair() as ends, pair() as elsewhere:
        canaries = Canaries(Injecting(ends[0]), ends[0])
        with Watch.live([Tap(elsewhere[0])], Options(inside=()), workers=1) as watch:
            result = running(canaries, 1)
            canaries.take(watch.drain(0.5))
            assert result().error is None
            assert watch.counters().interfaces[0].frames == 0
    assert (result().saw_handshake, result().saw_dht, result().error) == (False, False, None)


def test_the_wire_has_what_the_marks_say() -> None:
    """The two ways say the same."""
    canary = mark.Marks(KEY).make(time.time_ns())

    assert mark.handshake(canary, b"asking") != mark.handshake(canary, b"answering")
