"""Intervals of addresses, networks and devices, and how they are found."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.identity.columns import Places
from auditor.identity.holdings import OPEN
from auditor.identity.tenancies import Edges, Tenancies
from auditor.identity.tolerance import Clocks
from auditor.model.identity import Asked, Offset, Tenancy, Trust
from tests.unit.identity.said import ALICE, BOB, HOST, held, line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

ASKED = Asked("here", ip_address(HOST), (), None, 0, 0)


def settled(statements: Iterable[Tenancy], margin: float = 0) -> Tenancies:
    """Settle statements whose sources have clocks with a margin."""
    places = Places()
    sources = ("dhcp", "dhcp2", "radius", "list")
    made = Tenancies(places, {})
    for statement in statements:
        made.add(statement)
    places.settle()
    made.settle(Clocks({s: Offset("measured", 0, seconds(margin)) for s in sources}, {}))
    return made


def test_each_source_settles_its_own() -> None:
    """A later lease of another server does not end this one's; nor does its own ARP table."""
    made = settled(
        [
            held(0, 100, 1, mac=ALICE),
            held(10, 100, 2, "dhcp2", mac=BOB),
            held(20, 100, 3, mac=BOB, trust=Trust.NEIGHBOUR),
        ]
    )
    found = made.of_address(ASKED, seconds(50), seconds(60))

    assert sorted((made.header(each.span).source, made.edges(each.span).first) for each in found) == [
        ("dhcp", 0),
        ("dhcp", seconds(20)),
        ("dhcp2", seconds(10)),
    ]


def test_the_margin_parts_what_may_be_from_what_is() -> None:
    """An open end stays open; what is shorter than twice the margin is never sure; nor is what is supposed."""
    made = settled(
        [held(10, 20, 1, mac=ALICE), held(30, None, 2, mac=BOB), held(21, 22, 3, mac=ALICE, supposed=True)], 3
    )
    edges = [made.edges(each.span) for each in made.of_address(ASKED, 0, seconds(40))]

    assert sorted(edges) == [
        Edges(seconds(7), seconds(13), seconds(17), seconds(23)),
        Edges(seconds(18), seconds(21), seconds(21), seconds(25)),
        Edges(seconds(27), seconds(33), OPEN, OPEN),
    ]
    assert [Edges(7, 13, 17, 23).holds(moment) for moment in (6, 7, 13, 16, 17, 22, 23)] == [
        None, False, True, True, False, False, None,
    ]  # fmt: skip
    assert Edges(7, 13, 11, 17).holds(12) is False


def test_devices_lead_to_what_is_said_of_them_elsewhere() -> None:
    """Unless it says no more than what is said here."""
    here = held(0, 100, 1, mac=ALICE, host="pc")
    same = held(0, 100, 2, ip="10.20.0.99", mac=ALICE, host="pc")
    person = held(0, 100, 3, "radius", ip=None, mac=ALICE, user="alice", trust=Trust.AUTHENTICATED)
    device = held(0, 100, 4, ip="10.20.0.98", mac=ALICE)

    for statements, count in (([here, same, device], 0), ([here, person], 1), ([here, same, person], 2)):
        made = settled(statements)
        found = made.of_address(ASKED, 5, 5)
        joined = made.of_devices(found, ASKED, 5, 5)
        assert (len(found), [each.via for each in joined]) == (1, [ALICE] * count)


def test_networks_are_found_by_every_prefix() -> None:
    """Up to all of the internet; IPv4 and IPv6 apart."""
    rows = [
        held(0, None, number, "list", network=ip_network(text), groups=(text,), trust=Trust.LISTED)
        for number, text in enumerate(("0.0.0.0/0", "10.20.0.0/24", "10.20.0.31/32", "10.21.0.0/16", "::/0"), 1)
    ]
    made = settled(rows)

    assert sorted(
        (made.header(each.span).prefix, made.facts(each.span).groups) for each in made.of_address(ASKED, 0, 0)
    ) == [
        (0, ("0.0.0.0/0",)),
        (24, ("10.20.0.0/24",)),
        (32, ("10.20.0.31/32",)),
    ]


def test_a_statement_may_name_a_device_by_its_duid_alone() -> None:
    """And is found by it."""
    duid = "00:04:01:02"
    named = Tenancy(0, None, Trust.LISTED, line("list"), duid=duid, user="alice")
    made = settled([held(0, 100, ip=HOST, duid=duid), named])

    (joined,) = made.of_devices(made.of_address(ASKED, 5, 5), ASKED, 5, 5)
    assert made.facts(joined.span).user == "alice"
