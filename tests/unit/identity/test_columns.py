"""Statements and intervals in columns."""

from __future__ import annotations

import pytest

from auditor.identity import columns
from auditor.identity.columns import ByKey, Gathering, Places, Spans, TooMany, TooManyStatements
from auditor.identity.holdings import OPEN, Held, Said
from auditor.model.identity import SourceLine


def spans(*rows: tuple[int, int]) -> Spans:
    """Make one series of intervals."""
    made = Spans()
    made.append(
        [Held(start, end, number, number, number, supposed=False) for number, (start, end) in enumerate(rows)], 0
    )
    return made


def test_statements_come_back_by_series_and_time() -> None:
    """Whatever the order in which they came."""
    places, gathering = Places(), Gathering()
    file = places.number("dhcp", "a.leases")
    one, other = gathering.open(), gathering.open()
    gathering.add(one, (5, 9, 7, True), file, 2)
    gathering.add(other, (1, None, 8, False), file, 3)
    gathering.add(one, (4, 4, 9, False), file, 1)
    places.settle()

    assert list(gathering.series(places)) == [
        [Said(4, 1, 4, 9, supposed=False), Said(5, 2, 9, 7, supposed=True)],
        [Said(1, 3, OPEN, 8, supposed=False)],
    ]


def test_times_beyond_all_reason_are_bounded() -> None:
    """A line may name the year 999999; an end before its start is none."""
    places, gathering = Places(), Gathering()
    file, series = places.number("a", "a"), gathering.open()
    for start, end in ((-(1 << 80), 1 << 80), (1 << 80, 1 << 81), (10, 3)):
        gathering.add(series, (start, end, 0, False), file, 1)
    places.settle()

    assert [(said.start, said.end) for said in next(gathering.series(places))] == [
        (-OPEN, OPEN),
        (10, 10),
        (OPEN - 1, OPEN),
    ]


def test_places_are_in_order_of_source_file_and_line() -> None:
    """Not in that of reading."""
    places = Places()
    late, early = places.number("b", "1"), places.number("a", "2")
    assert places.file(early) == ("a", "2")
    places.settle()

    assert places.settled(early << 40 | 900) < places.settled(late << 40 | 3)
    assert places.line(places.settled(late << 40 | 3)) == SourceLine("b", "1", 3)
    assert places.written(early, 900) == SourceLine("a", "2", 900)


def test_more_statements_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence that says what to do."""
    monkeypatch.setattr(columns, "MAX_STATEMENTS", 2)
    gathering = Gathering()
    series = gathering.open()
    gathering.add(series, (0, 1, 0, False), 0, 1)
    gathering.add(series, (0, 1, 0, False), 0, 2)

    with pytest.raises(TooManyStatements, match="leave out"):
        gathering.add(series, (0, 1, 0, False), 0, 3)


def test_intervals_are_found_by_time_half_open() -> None:
    """The end is no longer inside."""
    made = spans((0, 10), (10, 20), (15, 18), (30, OPEN))

    assert made.overlapping(0, 9, 9) == [0]
    assert made.overlapping(0, 10, 10) == [1]
    assert sorted(made.overlapping(0, 16, 40)) == [1, 2, 3]
    assert made.overlapping(0, 20, 29) == []
    assert made.overlapping(0, -5, -1) == []


def test_a_search_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One interval that never ends makes all behind it worth a look: no more than so many get one."""
    monkeypatch.setattr(columns, "MAX_WALK", 3)
    made = spans((0, OPEN), *((n, n + 1) for n in range(1, 9)))

    with pytest.raises(TooMany):
        made.overlapping(0, 8, 8)
    assert made.overlapping(0, 8, 8, most=9) == [8, 0]


def test_times_are_shifted_once() -> None:
    """An open end stays open."""
    made = Spans()
    made.append([Held(0, 10, 0, 1, 2, supposed=False), Held(20, OPEN, 0, 3, 3, supposed=True)], 5)

    assert (list(made.starts), list(made.ends), len(made)) == ([5, 25], [15, OPEN], 2)
    assert (made.places(0), made.places(1), made.series_of(1)) == ((1, 2), (3,), 0)


def test_another_order_finds_intervals_of_several_series() -> None:
    """By keys that their facts have: a fact may have several, or none."""
    made = Spans()
    made.append([Held(0, 10, 0, 1, 1, supposed=False), Held(10, 20, 1, 2, 2, supposed=False)], 0)
    made.append([Held(5, 30, 2, 3, 3, supposed=False)], 0)
    order = ByKey(made, [(0,), (), (0, 1)], 2)

    assert sorted(order.overlapping(0, 6, 6)) == [0, 2]
    assert order.overlapping(0, 10, 12) == [2]
    assert order.overlapping(1, 0, 40) == [2]
    assert order.overlapping(1, 30, 40) == []
