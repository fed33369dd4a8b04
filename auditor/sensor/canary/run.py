"""Send a canary, and look for it among what the sensor sees."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from auditor.model.coverage import CanaryResult
from auditor.model.fact import Handshake
from auditor.model.moment import NANOSECONDS
from auditor.model.text import harmless
from auditor.sensor.canary.frames import frames, send
from auditor.sensor.canary.mark import Marks
from auditor.sensor.canary.namespace import INTERFACE, Namespace

if TYPE_CHECKING:
    from auditor.model.flow import FrameRef
    from auditor.model.watch import ActivitySeen, Delta, FlowSeen, WatchCounters
    from auditor.sensor.canary.mark import Canary

NAMESPACE = "namespace"
"""What ``over`` says of a private namespace."""
TIMEOUT = 10.0
"""Seconds after which a canary that was not seen is missed."""


class Way(Protocol):
    """How canaries are sent."""

    @property
    def interface(self) -> str | None:
        """Where they come by; ``None`` where none can be sent."""
        ...

    def send(self, canary: Canary) -> None:
        """Send one."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Injecting:
    """Frames that are put onto an interface."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    def send(self, canary: Canary) -> None:
        """Put them there."""
        send(self.interface, list(frames(canary)))

    def close(self) -> None:
        """There is nothing to let go of."""


class Unable:
    """No way at all: each canary says why."""

    interface: None = None

    def __init__(self, problem: OSError) -> None:
        self._problem = problem

    def send(self, _canary: Canary) -> None:
        """Say why it cannot be sent."""
        raise self._problem

    def close(self) -> None:
        """There is nothing to let go of."""


def way_or_why_not(over: str) -> Way:
    """Return how canaries go: a sensor begins, and watches, where a namespace cannot be made, too."""
    try:
        return way(over)
    except OSError as problem:
        return Unable(problem)


def way(over: str, interface: str = INTERFACE) -> Way:
    """Return how canaries go over ``namespace``, which comes out at ``interface``, or over an interface.

    Raises:
        OSError: if a namespace cannot be made.
    """
    return Namespace(interface) if over == NAMESPACE else Injecting(over)


class Canaries:
    """Canaries of one sensor. ``take`` belongs to the loop that drains the watch, ``run`` to another thread."""

    def __init__(self, way: Way, over: str, key: bytes | None = None) -> None:
        """``key`` is the sensor's: whoever runs with the same one leaves these canaries out, too."""
        self._way = way
        self.over = over
        self._marks = Marks(key)
        self._running: Canary | None = None
        self._handshake: float | None = None
        self._dht: float | None = None
        self._seen = threading.Condition()
        self.left_out = 0
        """Flows and activities that were canaries'."""

    @property
    def interface(self) -> str | None:
        """Where canaries come by: to be captured. ``None`` where none can be sent."""
        return self._way.interface

    @property
    def own_interface(self) -> str | None:
        """The interface that is there for canaries alone, where there is one."""
        return self._way.interface if self.over == NAMESPACE else None

    def run(self, timeout: float = TIMEOUT) -> CanaryResult:
        """Send one, and wait until it was seen."""
        at, began = time.time_ns(), time.monotonic()
        canary = self._marks.make(at)
        with self._seen:
            self._running, self._handshake, self._dht = canary, None, None
        error = None
        try:
            self._way.send(canary)
        except OSError as problem:
            error = harmless(problem.strerror or str(problem), 200)
        with self._seen:
            if error is None:
                self._seen.wait_for(lambda: None not in self._noted(), timeout)
            handshake, dht = self._noted()
            self._running = None
        delay = None if handshake is None or dht is None else round((max(handshake, dht) - began) * NANOSECONDS)
        return CanaryResult(at, self.over, handshake is not None, dht is not None, delay, error)

    def _noted(self) -> tuple[float | None, float | None]:
        return self._handshake, self._dht

    def take(self, delta: Delta) -> Delta:
        """Return what is new without the canaries, which are nobody's BitTorrent; what was looked for is noted."""
        flows = [seen for seen in delta.flows if self._marks.is_flow(seen.flow)]
        activities = [seen for seen in delta.activities if self._marks.is_activity(seen.activity)]
        if not flows and not activities:
            return delta
        self.left_out += len(flows) + len(activities)
        self._note(flows, activities)
        proofs = _frames(flows, activities)
        return replace(
            delta,
            flows=tuple(seen for seen in delta.flows if seen not in flows),
            activities=tuple(seen for seen in delta.activities if seen not in activities),
            slices=tuple(piece for piece in delta.slices if piece.frame not in proofs),
        )

    def close(self) -> None:
        """Let go of the way."""
        self._way.close()

    def _note(self, flows: list[FlowSeen], activities: list[ActivitySeen]) -> None:
        now = time.monotonic()
        with self._seen:
            running = self._running
            if running is None:
                return
            shook = {
                seen.end
                for each in flows
                for seen in each.flow.observations
                if isinstance(seen.fact, Handshake) and seen.fact.infohash.digest == running.infohash
            }
            if len(shook) == 2 and self._handshake is None:  # noqa: PLR2004 - both ends
                self._handshake = now
            asked = any(running.asking_node in each.activity.node_ids for each in activities)
            if asked and self._dht is None:
                self._dht = now
            self._seen.notify_all()


class Watching(Protocol):
    """A watch."""

    def drain(self, wait: float, /) -> Delta:
        """Take what is new."""
        ...

    def counters(self) -> WatchCounters:
        """Look at the counters."""
        ...

    def stop(self) -> None:
        """Let it end."""
        ...


class WithoutCanaries:
    """A watch that hands over no canaries."""

    def __init__(self, watch: Watching, canaries: Canaries) -> None:
        self._watch = watch
        self._canaries = canaries
        self.stop = watch.stop

    def drain(self, wait: float) -> Delta:
        """Take what is new, without canaries."""
        return self._canaries.take(self._watch.drain(wait))

    def counters(self) -> WatchCounters:
        """Look at the counters; an interface that only canaries come by watches nobody, and is not among them."""
        counters = self._watch.counters()
        theirs = self._canaries.own_interface
        return counters._replace(interfaces=tuple(each for each in counters.interfaces if each.name != theirs))


def once(canaries: Canaries, watch: Watching, timeout: float = TIMEOUT) -> CanaryResult:
    """Send one canary past a watch that does nothing else, and say whether it was seen."""
    interface = next(each for each in watch.counters().interfaces if each.name == canaries.interface)
    if not interface.is_open:
        return CanaryResult(time.time_ns(), canaries.over, False, False, None, interface.error or "it is not open")
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            canaries.take(watch.drain(0.1))

    looking = threading.Thread(target=look, name="canary", daemon=True)
    looking.start()
    try:
        return canaries.run(timeout)
    finally:
        ended.set()
        looking.join(timeout)


def _frames(flows: list[FlowSeen], activities: list[ActivitySeen]) -> frozenset[FrameRef]:
    proofs = {frame for each in flows for seen in each.flow.observations for frame in seen.frames}
    return frozenset(proofs.union(*(each.activity.frames for each in activities)))
