"""A sink behind a bounded queue and a thread of its own, so that a slow one delays nobody.

What is told arrives at least once, in order, as long as there is room. Where there is none, the oldest of the least
grave goes first: allowed incidents, then notices, and violations last. What was dropped is counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from auditor.model.health import SinkState
from auditor.model.scale import Verdict
from auditor.model.text import harmless
from auditor.sinks.news import Event, News, news_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.model.health import SensorState
    from auditor.model.standing import IncidentChange
    from auditor.sinks.sink import Sink

BATCH = 100
"""News that are told at once, and told again together where that failed."""
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds between tries."""
MAX_ERROR = 200


class Queued:
    """A sink as the sensor uses it. Nothing here blocks but ``close``."""

    def __init__(
        self,
        sink: Sink,
        *,
        kind: str,
        capacity: int,
        least: Verdict = Verdict.NOTICE,
        say: Callable[[str], None] = lambda _words: None,
        shortest_wait: float = SHORTEST_WAIT,
    ) -> None:
        """``say`` is told, in words that name nobody, when the sink begins to fail and when it works again."""
        self._sink = sink
        self._kind = kind
        self._capacity = capacity
        self._least = least
        self._say = say
        self._shortest_wait = shortest_wait
        self._waiting: dict[Verdict, deque[tuple[int, News]]] = {verdict: deque() for verdict in sorted(Verdict)}
        self._in_hand: list[News] = []
        self._report: SensorState | None = None
        self._number = 0
        self._delivered = 0
        self._dropped = 0
        self._failing_since: int | None = None
        self._error: str | None = None
        self._deadline: float | None = None
        """By the steady clock, once it is to end."""
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"sink {kind}", daemon=True)
        self._thread.start()

    def tell(self, changes: Sequence[IncidentChange]) -> int:
        """Take what is new of incidents; return how many news had to be dropped for want of room."""
        news = [each for change in changes if (each := news_of(change)) and self._matters(change, each)]
        if not news:
            return 0
        with self._news:
            before = self._dropped
            for each in news:
                self._number += 1
                self._waiting[each.judgement.verdict].append((self._number, each))
                if self._queued() > self._capacity:
                    self._drop_one()
            self._news.notify()
            return self._dropped - before

    def report(self, state: SensorState) -> None:
        """Take how the sensor is; a report that still waits is replaced."""
        with self._news:
            self._report = state
            self._news.notify()

    def state(self) -> SinkState:
        """Return how it does."""
        with self._news:
            return SinkState(
                self._kind, self._delivered, self._queued(), self._dropped, self._failing_since, self._error
            )

    def close(self, timeout: float) -> bool:
        """Tell what waits for at most so many seconds, then end; return whether all of it arrived."""
        with self._news:
            if self._deadline is None:
                self._deadline = time.monotonic() + timeout
            self._news.notify()
        self._thread.join(timeout + 1)
        with self._news:
            left = self._queued()
            self._dropped += left
            self._in_hand = []  # another one: a sink that hangs still has this
            for waiting in self._waiting.values():
                waiting.clear()
            return not left

    def _matters(self, change: IncidentChange, news: News) -> bool:
        """Whether it is grave enough, or was told of before and is no longer."""
        before = change.previous.judgement.verdict if change.previous else Verdict.ALLOW
        return max(news.judgement.verdict, before if news.event is not Event.BEGAN else Verdict.ALLOW) >= self._least

    def _queued(self) -> int:
        return len(self._in_hand) + sum(map(len, self._waiting.values()))

    def _drop_one(self) -> None:
        for waiting in self._waiting.values():  # the least grave first
            if waiting:
                waiting.popleft()
                self._dropped += 1
                return

    def _run(self) -> None:
        wait = 0.0
        while self._next(wait):
            try:
                self._tell_news()
                self._tell_report()
            except Exception as problem:  # noqa: BLE001 - a defect of a format must not end the sink
                self._failed(problem)
                wait = min(max(2 * wait, self._shortest_wait), LONGEST_WAIT)
            else:
                wait = 0.0
        self._sink.close()

    def _next(self, wait: float) -> bool:
        """Wait until there is something to tell, and for ``wait`` seconds after a failure; say whether to go on."""
        with self._news:
            if wait:
                pause = wait * random.uniform(0.75, 1.25)  # noqa: S311 - so that many sensors do not call as one
                self._news.wait_for(lambda: self._deadline is not None, pause)
                if self._deadline is not None and wait > self._shortest_wait:
                    return False  # it was tried in vain more than once
            else:
                self._news.wait_for(lambda: self._queued() or self._report is not None or self._deadline is not None)
            if self._deadline is not None and (time.monotonic() >= self._deadline or not self._queued()):
                return False
            while len(self._in_hand) < BATCH and any(self._waiting.values()):
                heads = [waiting for waiting in self._waiting.values() if waiting]
                self._in_hand.append(min(heads, key=lambda waiting: waiting[0][0]).popleft()[1])
            return True

    def _tell_news(self) -> None:
        if not self._in_hand:
            return
        try:
            self._sink.tell(self._in_hand)
        except OSError:
            raise
        except Exception:
            if len(self._in_hand) == 1:
                raise
            self._tell_one_by_one()
        else:
            self._done(len(self._in_hand))

    def _tell_one_by_one(self) -> None:
        """Find the news that a format has no way for, and tell the others."""
        spoilt: Exception | None = None
        while self._in_hand:
            try:
                self._sink.tell(self._in_hand[:1])
            except OSError:
                raise
            except Exception as problem:  # noqa: BLE001 - the next may be well
                spoilt = problem
                self._drop_in_hand(1)
            else:
                self._done(1)
        if spoilt is not None:
            raise spoilt

    def _done(self, count: int) -> None:
        with self._news:
            self._delivered += count
            self._in_hand = self._in_hand[count:]
            self._works()

    def _drop_in_hand(self, count: int) -> None:
        with self._news:
            self._dropped += count
            self._in_hand = self._in_hand[count:]

    def _tell_report(self) -> None:
        with self._news:
            report, self._report = self._report, None
        if report is not None:
            self._sink.report(report)
            with self._news:
                self._works()

    def _works(self) -> None:
        was_failing, self._failing_since, self._error = self._failing_since is not None, None, None
        if was_failing:
            self._say("works again")

    def _failed(self, problem: Exception) -> None:
        words = harmless(str(problem) or type(problem).__name__, MAX_ERROR)
        if not isinstance(problem, OSError):  # it would fail again with the same news
            words = harmless(f"{type(problem).__name__}: {words}", MAX_ERROR)
            self._drop_in_hand(len(self._in_hand))
        with self._news:
            is_new, self._error = self._failing_since is None, words
            self._failing_since = self._failing_since or time.time_ns()
        if is_new:
            self._say(f"cannot be told: {words}")
