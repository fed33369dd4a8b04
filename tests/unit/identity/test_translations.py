"""Which inside endpoint stood behind a public one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from auditor.identity.directory import Directory
from auditor.model.identity import Offset, Translation
from auditor.model.moment import NANOSECONDS
from tests.unit.identity.said import EXACT, line, seconds

if TYPE_CHECKING:
    from auditor.model.flow import Address

PUBLIC = (ip_address("203.0.113.7"), 54420)
REMOTE, OTHER = (ip_address("198.51.100.1"), 6881), (ip_address("198.51.100.2"), 6881)
ALICE, BOB = (ip_address("10.20.0.31"), 50000), (ip_address("10.20.0.32"), 50000)


def behind(
    start: float, end: float | None, inside: tuple[Address, int], number: int = 1, **told: object
) -> Translation:
    """State a translation."""
    until = None if end is None else seconds(end)
    return Translation(seconds(start), until, line("nat", number), "tcp", inside, PUBLIC)._replace(**told)  # type: ignore[arg-type]


def found(
    statements: list[Translation],
    first: float,
    last: float,
    *,
    clock: Offset = EXACT,
    vantage: str = "here",
    transport: Literal["tcp", "udp"] = "tcp",
) -> list[tuple[float, float | None, tuple[Address, int]]]:
    """Return what may have stood behind :data:`PUBLIC` towards :data:`REMOTE`."""
    known = Directory(statements, {"nat": clock})
    return [
        (each.start / NANOSECONDS, each.end and each.end / NANOSECONDS, each.inside)
        for each in known.behind(vantage, transport, PUBLIC, REMOTE, seconds(first), seconds(last))
    ]


def test_the_inside_end_is_found_by_time() -> None:
    """A port is given again to others."""
    statements = [behind(0, None, ALICE, 1), behind(0, 100, ALICE, 2), behind(120, None, BOB, 3)]

    assert found(statements, 10, 20) == [(0, 100, ALICE)]
    assert found(statements, 100, 119) == []
    assert found(statements, 50, 500) == [(0, 100, ALICE), (120, None, BOB)]


def test_a_new_holder_of_a_public_endpoint_ends_the_one_before() -> None:
    """Even where its end was lost."""
    assert found([behind(0, None, ALICE, 1), behind(60, None, BOB, 2)], 70, 80) == [(60, None, BOB)]


def test_one_public_endpoint_may_serve_several_remote_ones() -> None:
    """What was told with another remote end is not meant; what was told without one is."""
    statements = [behind(0, 100, ALICE, 1, remote=REMOTE), behind(0, 100, BOB, 2, remote=OTHER)]

    assert found(statements, 10, 20) == [(0, 100, ALICE)]
    assert found([*statements, behind(0, 100, BOB, 3)], 10, 20) == [(0, 100, ALICE), (0, 100, BOB)]


def test_transport_and_vantage_point_are_told_apart() -> None:
    """A statement without a vantage point answers for all."""
    there = behind(0, 100, ALICE, vantage="there")

    assert found([there], 10, 20) == []
    assert found([there], 10, 20, vantage="there") == [(0, 100, ALICE)]
    assert found([behind(0, 100, ALICE)], 10, 20, vantage="there") == [(0, 100, ALICE)]
    assert found([behind(0, 100, ALICE)], 10, 20, transport="udp") == []


def test_times_are_the_captures_and_what_a_clock_may_hide_is_told() -> None:
    """The caller sees that the span is not inside."""
    clock = Offset("measured", seconds(60), seconds(5))

    assert found([behind(0, 100, ALICE)], 162, 163, clock=clock) == [(60, 160, ALICE)]
    assert found([behind(0, 100, ALICE)], 165, 170, clock=clock) == []


def test_the_statement_is_told_with_its_line() -> None:
    """And whether it is only supposed."""
    known = Directory([behind(0, 100, ALICE, 9, supposed=True)], {"nat": EXACT})

    assert known.behind("here", "tcp", PUBLIC, REMOTE, 0, seconds(1)) == (behind(0, 100, ALICE, 9, supposed=True),)


def test_of_many_remote_endpoints_all_are_meant() -> None:
    """One socket talks with a thousand: what touches is one; another host in between is seen."""
    peers = [(ip_address("198.51.100.9"), port) for port in range(1000)]
    statements = [behind(n, n + 5, ALICE, n, remote=peer) for n, peer in enumerate(peers)]
    known = Directory(
        [*statements, behind(2000, 2001, BOB, 7, remote=REMOTE)], {"nat": Offset("measured", seconds(10))}
    )

    def inside(first: float, last: float) -> list[tuple[float, float | None, tuple[Address, int]]]:
        told = known.behind("here", "tcp", PUBLIC, None, seconds(first), seconds(last))
        return [(each.start / NANOSECONDS, each.end and each.end / NANOSECONDS, each.inside) for each in told]

    assert inside(20, 500) == [(10, 1014, ALICE)]
    assert inside(20, 2010) == [(10, 1014, ALICE), (2010, 2011, BOB)]
    assert inside(1014, 2009) == []
