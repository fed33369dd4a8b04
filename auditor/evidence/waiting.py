"""Records that wait in memory to be written, and which of them go first when there is no more room."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.evidence.record import Record

DROPPED_FIRST: tuple[frozenset[str], ...] = (
    frozenset({"observation"}),
    frozenset({"flow"}),
    frozenset({"attribution", "capture", "identity"}),
)
"""Kinds of records in the order in which they are dropped. All others go last: what was judged, what was watched, by
which policy, and what people noted."""
_LAST = len(DROPPED_FIRST)
_RANKS = {kind: rank for rank, kinds in enumerate(DROPPED_FIRST) for kind in kinds}


class Waiting:
    """A bounded queue. Where it is full, a record takes the place of the newest of those that are dropped before it."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.dropped: Counter[str] = Counter()
        """Records for which there was no room, by kind."""
        self._ranks: tuple[deque[tuple[int, Record]], ...] = tuple(deque() for _ in range(_LAST + 1))
        self._size = 0
        self._first = 0
        self._next = 0

    def __len__(self) -> int:
        return self._size

    def put(self, records: Iterable[Record]) -> int:
        """Let records wait; return how many were dropped."""
        dropped = 0
        for record in records:
            rank = _RANKS.get(record.kind, _LAST)
            if self._size >= self.capacity:
                dropped += 1
                lower = next((each for each in self._ranks[:rank] if each), None)
                if lower is None:
                    self.dropped[record.kind] += 1
                    continue
                self.dropped[lower.pop()[1].kind] += 1
                self._size -= 1
            self._ranks[rank].append((self._next, record))
            self._next += 1
            self._size += 1
        return dropped

    def take(self, count: int) -> list[Record]:
        """Take out the oldest."""
        taken: list[Record] = []
        while len(taken) < count and self._size:
            oldest = min((each for each in self._ranks if each), key=lambda each: each[0][0])
            taken.append(oldest.popleft()[1])
            self._size -= 1
        return taken

    def put_back(self, records: Sequence[Record]) -> None:
        """Let what was taken out wait again, before everything else. There may be more than there is room for then."""
        self._first -= len(records)
        for number, record in reversed(list(enumerate(records, self._first))):
            self._ranks[_RANKS.get(record.kind, _LAST)].appendleft((number, record))
        self._size += len(records)
