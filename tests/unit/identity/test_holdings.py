"""What the statements of one source about one key come to."""

from __future__ import annotations

import pytest

from auditor.identity.holdings import OPEN, Held, Said, Words, as_written, settle

A, A_NAMED, A_OTHER, B, C, NONE = 1, 101, 201, 2, 3, 0
"""Facts: of three devices, and of none; one device may be told with a name, or another name."""
WORDS = Words(
    lambda fact: -1 if fact == NONE else fact % 100,
    lambda one, other: {one, other} == {A_NAMED, A_OTHER},
)


def said(*rows: tuple[int, int | None, int]) -> list[Said]:
    """Number statements in the order of their lines."""
    return sorted(
        Said(start, place, OPEN if end is None else end, fact, supposed=False)
        for place, (start, end, fact) in enumerate(rows, 1)
    )


def came_to(rows: list[Said], *, sessions: bool = False) -> list[tuple[int, int, int]]:
    """Return starts, ends and facts."""
    return sorted((held.start, held.end, held.fact) for held in settle(rows, WORDS, sessions=sessions))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 100, A), (10, 50, B)], [(0, 10, A), (10, 50, B)]),  # A does not come back at 50
        ([(0, 100, A), (50, 150, A)], [(0, 150, A)]),
        ([(0, 100, A), (50, 60, A)], [(0, 60, A)]),  # given back, or renewed for less
        ([(0, 100, A), (120, 150, A)], [(0, 100, A), (120, 150, A)]),
        ([(0, 100, A), (100, 150, A)], [(0, 100, A), (100, 150, A)]),
        ([(0, 100, A), (40, 40, A)], [(0, 40, A)]),
        ([(0, 100, A), (40, 40, NONE)], [(0, 40, A)]),
        ([(0, 100, A), (40, 40, B)], [(0, 100, A)]),  # who holds nothing gives nothing back
        ([(0, 100, A), (40, 40, A), (60, 90, A)], [(0, 40, A), (60, 90, A)]),
        ([(0, None, A)], [(0, OPEN, A)]),
        ([(0, None, A), (70, None, B)], [(0, 70, A), (70, OPEN, B)]),
        ([(0, 100, A), (0, 30, A)], [(0, 30, A)]),  # dhcpd repeats the beginning when a lease is given back
        ([(0, 100, A), (0, 0, A)], []),
        ([(5, 5, A)], []),
    ],
)
def test_later_statements_go_before_earlier_ones(
    rows: list[tuple[int, int | None, int]], expected: list[tuple[int, int, int]]
) -> None:
    """Another holder ends the one before; a renewal moves the end; a release ends; what is open ends there too."""
    assert came_to(said(*rows)) == expected


def test_a_renewal_keeps_the_first_and_the_last_line() -> None:
    """One interval, and the lines that show its beginning and its end."""
    assert settle(said((0, 100, A), (50, 150, A), (90, 200, A)), WORDS, sessions=False) == [
        Held(0, 200, A, 1, 3, supposed=False)
    ]


def test_what_was_said_stays_said() -> None:
    """A renewal without a name leaves the name; another name ends the first."""
    assert came_to(said((0, 100, A_NAMED), (50, 150, A))) == [(0, 150, A_NAMED), (50, 150, A)]
    assert came_to(said((0, 100, A_NAMED), (50, 150, A_OTHER))) == [(0, 50, A_NAMED), (50, 150, A_OTHER)]
    assert came_to(said((0, 100, A_NAMED), (50, 150, A), (60, 60, A))) == [(0, 60, A_NAMED), (50, 60, A)]


def test_holders_of_the_same_moment_stand_beside_each_other() -> None:
    """A clock of seconds does not tell who was first; a third ends both."""
    assert came_to(said((0, 100, A), (0, 80, B))) == [(0, 80, B), (0, 100, A)]
    assert came_to(said((0, 100, A), (0, 80, B), (50, 90, C))) == [(0, 50, A), (0, 50, B), (50, 90, C)]


def test_sessions_of_one_device_may_overlap() -> None:
    """It moves from one radio to the next: the first session's end is not the second's, whichever is told later."""
    assert came_to(said((0, 100, A), (90, 300, A)), sessions=True) == [(0, 300, A)]
    assert came_to(said((0, 100, A), (10, 50, A)), sessions=True) == [(0, 100, A)]
    assert came_to(said((0, 100, A), (50, 150, B)), sessions=True) == [(0, 50, A), (50, 150, B)]


def test_a_stop_closes_what_a_start_left_open() -> None:
    """However often the session was told of in between."""
    assert came_to(said((0, None, A), (50, None, A), (0, 100, A)), sessions=True) == [(0, 100, A)]
    assert came_to(said((0, None, A), (1, 100, A)), sessions=True) == [(0, 100, A)]
    assert came_to(said((0, None, A), (100, 100, A)), sessions=True) == [(0, 100, A)]


def supposed(start: int, end: int, fact: int) -> Said:
    """Make a statement that its source only supposes."""
    return Said(start, 99, end, fact, supposed=True)


@pytest.mark.parametrize(
    ("sure", "end"),
    [
        ([(0, 100, A)], 500),
        ([(0, 100, A), (200, 300, B)], 200),
        ([(0, 100, A), (200, 300, A)], 500),
        ([(0, 100, A), (200, 300, A), (250, 300, B)], 250),
        ([(0, 100, A), (50, 300, B)], 500),  # it began before; both are candidates
    ],
)
def test_a_supposition_ends_where_something_sure_begins(sure: list[tuple[int, int | None, int]], end: int) -> None:
    """And it ends nothing itself."""
    alone = settle(said(*sure), WORDS, sessions=True)
    both = settle(sorted([*said(*sure), supposed(100, 500, A)]), WORDS, sessions=True)

    assert [held for held in both if not held.supposed] == alone
    assert [held for held in both if held.supposed] == [Held(100, end, A, 99, 99, supposed=True)]


def test_a_list_means_what_is_written() -> None:
    """Rows that overlap are two opinions, and one comes back after the other; equal rows that touch are one."""
    rows = said((0, None, A), (10, 20, B), (30, 40, C), (40, 50, C), (60, 60, C))

    assert sorted(held[:3] for held in as_written(rows)) == [(0, OPEN, A), (10, 20, B), (30, 50, C)]
    assert [held[3:5] for held in as_written(rows) if held.fact == C] == [(3, 4)]
