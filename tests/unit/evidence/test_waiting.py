"""Tests of records that wait in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence.waiting import Waiting
from tests.build.evidence import record

KINDS = ["observation", "flow", "attribution", "incident"]


def test_order() -> None:
    """What came first goes first, whatever it is; what is put back goes before."""
    waiting = Waiting(100)
    kept = [record(number, KINDS[number % 4]) for number in range(20)]
    waiting.put(kept)

    first = waiting.take(7)
    waiting.put_back(first)
    again = waiting.take(3)
    waiting.put_back(first[:3])

    assert first == kept[:7]
    assert again == kept[:3]
    assert waiting.take(100) == kept
    assert len(waiting) == 0


@given(st.lists(st.sampled_from(KINDS), max_size=40), st.integers(1, 10))
def test_room_is_made_by_weight(kinds: list[str], capacity: int) -> None:
    """Never more than there is room for; nothing goes while something of less weight stays; and all is counted."""
    waiting = Waiting(capacity)
    kept = [record(number, kind) for number, kind in enumerate(kinds)]

    dropped = sum(waiting.put([each]) for each in kept)

    assert len(waiting) == min(len(kinds), capacity)
    assert dropped == sum(waiting.dropped.values()) == max(0, len(kinds) - capacity)
    left = waiting.take(capacity)
    assert left == sorted(left, key=kept.index)
    weights = [KINDS.index(each.kind) for each in left]
    assert not weights or all(KINDS.index(kind) <= min(weights) or not count for kind, count in waiting.dropped.items())
