"""Whose turn it is to be folded: those with news, as often as their cost allows, and those of which something ends.

A host that talks all the time has news each time, and costs as much as it has facts. So one of which nothing is known
goes first, one with other facts than before next, and one that merely grows waits a while; and all of it together takes
but a share of the time, whatever happens on the network.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

T = TypeVar("T")
H = TypeVar("H", bound="Hashable")


class Pace(NamedTuple):
    """How often hosts are folded; all in seconds."""

    budget: float = 0.25
    """After which the hosts that are left wait for the next time."""
    patience: float = 20.0
    """So many times as long as a fold took passes before the next of that host …"""
    growth: float = 1.0
    """… and this long, if it merely grew …"""
    longest: float = 5.0
    """… but no longer than this."""
    rest: float = 4.0
    """So many times as long as hosts took that were known before, none of them is folded."""


UNPACED = Pace(budget=float("inf"), patience=0, growth=0, longest=0, rest=0)
"""Everything at once."""


class Turns(Generic[H]):
    """Hosts that wait, and until when."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._news: dict[H, bool] = {}
        """Hosts with news, and whether it is more than growth; who waits for longest comes first."""
        self._folded: dict[H, tuple[float, float]] = {}
        """When a host was folded last, and what that took."""
        self._deadline: dict[H, int] = {}
        self._deadlines: list[tuple[int, int, H]] = []
        self._queued: dict[H, int] = {}
        """The moment with which a host stands among these; its own may be later by now."""
        self._count = 0
        self._rested = float("-inf")

    def __len__(self) -> int:
        """How many wait."""
        return len(self._news)

    def add(self, hosts: Iterable[H], *, is_growth: bool = False) -> None:
        """Note that there is news of hosts."""
        for host in hosts:
            self._news[host] = self._news.get(host, False) or not is_growth

    def until(self, host: H, moment: int) -> None:
        """Note when, by the frames' time, something of a host is over: it has its turn after that."""
        self._deadline[host] = moment
        if moment < self._queued.get(host, moment + 1):
            self._queue(host, moment)

    def forget(self, host: H) -> None:
        """Let go of a host of which nothing is known any more."""
        self._folded.pop(host, None)
        self._deadline.pop(host, None)

    def take(
        self, now: int, fold: Callable[[H], T], is_known: Callable[[H], object], *, everything: bool = False
    ) -> dict[H, T]:
        """Fold the hosts whose turn it is; ``now`` is the frames' time."""
        began = self._clock()
        ending = list(self._past(now))
        new, known = self._due(began, is_known, everything=everything)
        found: dict[H, T] = {}
        self._run([*new, *ending], fold, found, began, everything=everything)
        started = self._clock()
        self._run(known, fold, found, began, everything=everything)
        ended = self._clock()
        if known:
            self._rested = ended + self._pace.rest * (ended - started)
        for host in ending:
            if host not in found:
                self.until(host, now - 1)
        return found

    def _due(self, moment: float, is_known: Callable[[H], object], *, everything: bool) -> tuple[list[H], list[H]]:
        """Return the hosts with news whose turn it is: those of which nothing is known, and the others."""
        if everything:
            return list(self._news), []
        new: list[H] = []
        urgent: list[H] = []
        grown: list[H] = []
        is_resting = moment < self._rested
        for host, is_urgent in self._news.items():
            if not is_known(host):
                new.append(host)
            elif not is_resting and self._may(host, moment, is_urgent=is_urgent):
                (urgent if is_urgent else grown).append(host)
        return new, urgent + grown

    def _may(self, host: H, moment: float, *, is_urgent: bool) -> bool:
        folded = self._folded.get(host)
        if folded is None:
            return True
        pace, (when, cost) = self._pace, folded
        waits = pace.patience * cost if is_urgent else max(pace.patience * cost, pace.growth)
        return moment >= when + min(waits, pace.longest)

    def _queue(self, host: H, moment: int) -> None:
        self._queued[host] = moment
        self._count += 1  # so that no hosts are compared
        heapq.heappush(self._deadlines, (moment, self._count, host))

    def _past(self, now: int) -> Iterator[H]:
        while self._deadlines and self._deadlines[0][0] < now:
            queued, _, host = heapq.heappop(self._deadlines)
            if self._queued.get(host) != queued:
                continue
            del self._queued[host]
            deadline = self._deadline.get(host)
            if deadline is not None and deadline >= now:
                self._queue(host, deadline)
            elif deadline is not None:
                del self._deadline[host]
                yield host

    def _run(
        self, hosts: Sequence[H], fold: Callable[[H], T], found: dict[H, T], began: float, *, everything: bool
    ) -> None:
        for host in hosts:
            started = self._clock()
            if found and not everything and started - began > self._pace.budget:
                return
            if host not in found:
                self._news.pop(host, None)
                found[host] = fold(host)
                ended = self._clock()
                self._folded[host] = ended, ended - started
