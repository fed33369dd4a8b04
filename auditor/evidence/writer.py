"""The way of records into the store: a thread of its own, so that nobody waits for a disk, and nothing lost silently.

Records wait in memory and are written in batches. While the store fails they are written to the spool instead, and
from there into the store once it works again, in their order. Only where the spool is full too, or fails, does memory
fill up, and then records are dropped, those of least weight first, and counted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.evidence.record import prepare
from auditor.evidence.spool import Spool, SpoolFull
from auditor.evidence.store import StoreError
from auditor.evidence.waiting import Waiting
from auditor.model.health import StoreState
from auditor.model.moment import NANOSECONDS
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from auditor.evidence.record import Record
    from auditor.evidence.store import Store


class Pace(NamedTuple):
    """How much is written at once, and how long is waited, in seconds."""

    batch: int = 1000
    linger: float = 0.2
    """For more records to come, once there is one."""
    first_retry: float = 0.25
    longest_retry: float = 15.0
    patience: float = 20.0
    """After which a store that has not answered is held to fail."""


class Writer:
    """Writes what it is given. Thread-safe."""

    def __init__(
        self,
        connect: Callable[[], Store],
        *,
        spool: Path | None = None,
        capacity: int = 100_000,
        spool_bytes: int = 256 << 20,
        say: Callable[[str], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        """Begin to write into what ``connect`` opens, which is called again after each failure.

        ``say`` is told in a sentence whenever writing begins to fail, fails otherwise, or works again.

        Raises:
            OSError: if the spool cannot be opened.
        """
        self._connect = connect
        self._say = say
        self._pace = pace or Pace()
        self._changed = threading.Condition()
        self._waiting = Waiting(capacity)
        self._spool = None if spool is None else Spool(spool, spool_bytes)
        self._in_hand: Sequence[Record] = ()
        """Taken out of memory and not yet acknowledged."""
        self._store: Store | None = None
        self._backend = "unknown"
        self._acknowledged = 0
        self._last_write: int | None = None
        self._failing_since: int | None = None
        self._error: str | None = None
        self._asked_at: int | None = None
        """Since when the store has something to do."""
        self._retry_at = 0.0
        self._retry_after = self._pace.first_retry
        self._cannot_spool: str | None = None
        self._dropped_said = 0
        self._hurry = 0
        self._closing_at: float | None = None
        self._stopped = False
        if self._spool is not None and self._spool.damaged:
            self._say("the evidence spool was damaged: what could not be read stands in a file beside it, .damaged")
        self._thread = threading.Thread(target=self._run, name="evidence-writer", daemon=True)
        self._thread.start()

    def put(self, records: Sequence[Record]) -> int:
        """Let records be written, without waiting for it; return how many were dropped for want of room."""
        with self._changed:
            if self._stopped or self._closing_at is not None:
                self._waiting.dropped.update(record.kind for record in records)
                return len(records)
            dropped = self._waiting.put(records)
            self._changed.notify_all()
            return dropped

    def state(self) -> StoreState:
        """Say how writing goes."""
        with self._changed:
            failing_since, error = self._failing_since, self._error
            if error is None and self._asked_at is not None:
                waited = time.time_ns() - self._asked_at
                if waited > self._pace.patience * NANOSECONDS:
                    failing_since, error = self._asked_at, "the store does not answer"
            return StoreState(
                backend=self._backend,
                acknowledged=self._acknowledged,
                queued=len(self._waiting) + len(self._in_hand),
                capacity=self._waiting.capacity,
                spooled=self._spool.left if self._spool else 0,
                dropped=dict(self._waiting.dropped),
                failing_since=failing_since,
                error=error,
                last_write=self._last_write,
            )

    def flush(self, timeout: float) -> bool:
        """Wait until everything that was put is in the store; return whether it is."""
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(self._is_idle, timeout)
            finally:
                self._hurry -= 1

    def close(self, timeout: float) -> bool:
        """Write what waits, for so long, and spool the rest; return whether all of it is in the store."""
        with self._changed:
            if self._closing_at is not None:
                return self._is_idle()
            self._closing_at = time.monotonic() + timeout
            self._retry_at = 0.0
            self._changed.notify_all()
        self._thread.join(timeout + 1)
        with self._changed:
            is_done = self._is_idle()
            has_ended, self._stopped = self._stopped, True
            if not has_ended:  # The database hangs. What it may have written is spooled too, and stays single.
                self._put_back()
        self._spool_waiting()
        with self._changed:
            left = self._waiting.take(len(self._waiting))
            self._waiting.dropped.update(record.kind for record in left)
        self._say_dropped()
        if self._spool is not None:
            self._spool.close()
        return is_done

    def _is_idle(self) -> bool:
        return not self._waiting and not self._in_hand and not (self._spool and self._spool.left)

    def _put_back(self) -> None:
        self._waiting.put_back(self._in_hand)
        self._in_hand = ()

    # -- the thread, which alone uses store and spool, and without the lock: a disk may take its time ------------------

    def _run(self) -> None:
        while (now := self._next()) != "end":
            try:
                if now == "spool":
                    self._spool_waiting()
                else:
                    self._write()
            except Exception as problem:  # noqa: BLE001 - a thread that ends writes nothing any more
                self._fail(f"internal error: {type(problem).__name__}")
        if self._store is not None:
            self._store.close()
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> Literal["write", "spool", "end"]:
        """Wait until there is something to do, and say what."""
        with self._changed:
            while True:
                now = time.monotonic()
                if self._stopped or (self._closing_at is not None and (self._is_idle() or now >= self._closing_at)):
                    return "end"
                if now < self._retry_at:
                    self._changed.wait(min(self._retry_at - now, self._pace.linger))
                    if self._waiting and time.monotonic() < self._retry_at:
                        return "spool"
                elif self._is_idle():
                    self._changed.wait()
                elif self._spool and self._spool.left:
                    # The spool goes first. What waits behind it may have to go there too.
                    return "spool" if self._is_filling() else "write"
                else:
                    self._changed.wait_for(self._is_enough, self._pace.linger)
                    return "write"

    def _is_filling(self) -> bool:
        return len(self._waiting) * 2 > self._waiting.capacity and self._cannot_spool is None

    def _is_enough(self) -> bool:
        return len(self._waiting) >= self._pace.batch or self._hurry > 0 or self._closing_at is not None

    def _write(self) -> None:
        """Write one batch: what is spooled goes first."""
        entries = self._spool.first(self._pace.batch) if self._spool and self._spool.left else []
        records: Sequence[Record] = [entry.record for entry in entries]
        if not entries:
            with self._changed:
                records = self._in_hand = self._waiting.take(self._pace.batch)
        bad: Counter[str] = Counter()
        self._asked_at = time.time_ns()
        try:
            if self._store is None:
                self._store = self._connect()
                self._backend = self._store.backend.name
            try:
                self._store.append(records)
            except ValueError:
                records, bad = self._without_bad(records)
                self._store.append(records)
        except StoreError as problem:
            self._fail(str(problem))
            return
        finally:
            self._asked_at = None
        if self._stopped:
            return
        if self._spool and entries:
            self._spool.done(entries)
        with self._changed:
            self._in_hand = ()
            self._waiting.dropped.update(bad)
            self._acknowledged += len(records)
            self._last_write = time.time_ns()
            failing_since, self._failing_since = self._failing_since, None
            self._error = self._cannot_spool = None
            self._retry_at, self._retry_after = 0.0, self._pace.first_retry
            self._changed.notify_all()
        if failing_since is not None:
            seconds = (time.time_ns() - failing_since) / NANOSECONDS
            left = self._spool.left if self._spool else 0
            self._say(f"the evidence store works again after {seconds:.0f} s; {left:,} spooled records follow")

    def _without_bad(self, records: Sequence[Record]) -> tuple[list[Record], Counter[str]]:
        """Leave out what can never be written, lest it keep back everything else."""
        good: list[Record] = []
        bad: Counter[str] = Counter()
        reasons = set()
        for record in records:
            try:
                prepare(record)
            except ValueError as problem:
                reasons.add(f"{record.kind}: {problem}")
                bad[record.kind] += 1
            else:
                good.append(record)
        self._say(f"evidence that can never be written was dropped: {harmless('; '.join(sorted(reasons)))}")
        return good, bad

    def _fail(self, reason: str) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
        with self._changed:
            if self._stopped:
                return
            self._put_back()
            is_new, self._error = reason != self._error, reason
            self._failing_since = self._failing_since or time.time_ns()
            self._retry_at = time.monotonic() + self._retry_after
            self._retry_after = min(self._retry_after * 2, self._pace.longest_retry)
        if is_new:
            where = "in memory" if self._spool is None else f"in {self._spool.path}"
            self._say(f"the evidence store fails: {reason}; records wait {where}")
        self._spool_waiting()

    def _spool_waiting(self) -> None:
        """Write what waits in memory to the spool, as far as that takes it."""
        while self._spool is not None:
            with self._changed:
                some: list[Record] = self._waiting.take(self._pace.batch)
                self._in_hand = some
            if not some:
                break
            bad: Counter[str] = Counter()
            try:
                try:
                    self._spool.add(some)
                except (TypeError, ValueError):
                    some, bad = self._without_bad(some)
                    self._spool.add(some)
            except OSError as problem:
                with self._changed:
                    self._put_back()
                self._say_cannot_spool(str(problem) if isinstance(problem, SpoolFull) else problem.strerror or "")
                break
            with self._changed:
                self._in_hand = ()
                self._waiting.dropped.update(bad)
            self._cannot_spool = None
        self._say_dropped()

    def _say_cannot_spool(self, reason: str) -> None:
        if reason != self._cannot_spool:
            self._cannot_spool = reason
            self._say(f"evidence cannot be spooled: {reason}; records wait in memory, and are dropped where it is full")

    def _say_dropped(self) -> None:
        """Say that records were dropped: when it begins, and each time their number has doubled."""
        with self._changed:
            dropped = dict(self._waiting.dropped)
        count = sum(dropped.values())
        if count >= max(1, 2 * self._dropped_said):
            self._dropped_said = count
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(dropped.items()))
            self._say(f"evidence was dropped for want of room: {kinds}")
