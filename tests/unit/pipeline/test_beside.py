"""What says nothing by itself joins an incident of its host, and changes nothing of it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from auditor.model.fact import GATEWAY, ExternalAddress, Fact, GatewaySearch, Name, PortMapping, SslTorrent
from auditor.model.scale import Confidence
from auditor.pipeline.beside import stand_beside
from auditor.pipeline.conduct import IDLE, conducts
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    activity,
    connection,
    flow,
    held_by,
    observation,
    sighting,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.activity import Activity
    from auditor.model.flow import Address, End, Flow
    from auditor.model.incident import Conduct

ROUTER = Name("router.bittorrent.com", "bootstrap", "dns", answered=True)
RESOLVER = "10.20.0.1"


def is_inside(address: Address) -> bool:
    """10.0.0.0/8 is ours."""
    return address in ip_network("10.0.0.0/8")


holders = held_by(lambda host: host.mac)
"""Whoever has the network card holds the address."""


def saying(fact: Fact, detector: str = "bt.dns", *, at: int = NINE, end: End = "orig", host: str = EMPLOYEE) -> Flow:
    """A flow with one fact that supports others."""
    seen = observation(detector, end, fact, at=at)._replace(confidence=Confidence.SUSPECTED)
    return flow(host, RESOLVER, [seen], at=at, ports=(40000, 53), transport="udp")


def joined(flows: Sequence[Flow], activities: Sequence[Activity] = ()) -> tuple[list[Conduct], list[Conduct]]:
    """Return the conducts without and with what stands beside them."""
    seen = sighting(flows, activities)
    found = conducts(seen, is_inside, holders, lambda _: (None, None))
    return found, stand_beside(found, seen, is_inside, holders)


def test_a_name_joins_the_hosts_incident_and_changes_nothing_else() -> None:
    """Its flow and its detector are added; what a policy judges stays as it is."""
    [before], [after] = joined([connection(EMPLOYEE, OUTSIDER), saying(ROUTER)])

    assert (after.flows, after.beside) == ((0, 1), ("bt.dns",))
    assert after._replace(flows=before.flows, beside=()) == before


def test_a_name_alone_is_no_incident() -> None:
    """Whoever looks it up."""
    assert joined([saying(ROUTER)]) == ([], [])


def test_the_dht_comes_before_a_swarm() -> None:
    """A bootstrap name says more of the former, and one place is enough."""
    _, after = joined([connection(EMPLOYEE, OUTSIDER), saying(ROUTER)], [activity(EMPLOYEE, at=NINE + SECOND)])

    assert [(conduct.kind, conduct.beside) for conduct in after] == [("swarm", ()), ("dht", ("bt.dns",))]


def test_an_infohash_asked_for_over_tls_joins_its_swarm() -> None:
    """Where that is among the host's; else it is a name like any other."""
    flows = [connection(EMPLOYEE, OUTSIDER, FILM), connection(EMPLOYEE, OUTSIDER, DEBIAN, at=NINE + SECOND)]
    asked = [saying(SslTorrent(DEBIAN, answered=False), "bt.tls", at=NINE + 2 * SECOND)]

    _, after = joined([*flows, *asked], [activity(EMPLOYEE)])
    _, alone = joined([flows[0], *asked])

    assert [conduct.beside for conduct in after if conduct.kind == "swarm"] == [(), ("bt.tls",)]
    assert [conduct.beside for conduct in alone] == [("bt.tls",)]


@pytest.mark.parametrize(("after", "beside"), [(IDLE + 61 * SECOND, ()), (IDLE + 60 * SECOND, ("bt.dns",))])
def test_it_stands_beside_what_was_within_six_hours(after: int, beside: tuple[str, ...]) -> None:
    """After the incident's end, which comes after a minute."""
    _, [found] = joined([connection(EMPLOYEE, OUTSIDER), saying(ROUTER, at=NINE + after)])

    assert found.beside == beside


@pytest.mark.parametrize(("before", "beside"), [(IDLE + 2 * SECOND, ()), (IDLE, ("bt.dns",))])
def test_it_stands_beside_what_came_within_six_hours(before: int, beside: tuple[str, ...]) -> None:
    """A client looks names up before it speaks."""
    _, [found] = joined([connection(EMPLOYEE, OUTSIDER, at=NINE + before), saying(ROUTER)])

    assert found.beside == beside


def test_of_several_that_go_on_it_stands_beside_the_longest() -> None:
    """One that began later may be over."""
    early = connection(EMPLOYEE, OUTSIDER, FILM)._replace(last=NINE + 2 * IDLE)
    late = connection(EMPLOYEE, OUTSIDER, DEBIAN, at=NINE + SECOND)

    _, [one, other] = joined([early, late, saying(ROUTER, at=NINE + 2 * IDLE)])

    assert (one.beside, other.beside) == (("bt.dns",), ())


def test_another_host_and_another_holder_of_the_address_are_others() -> None:
    """A guest's look-up is no employee's, and a new device's none of the old one's."""
    moved = saying(ROUTER)
    moved = moved._replace(orig=moved.orig._replace(mac="02:00:00:00:00:09"))

    _, [found] = joined([connection(EMPLOYEE, OUTSIDER), saying(ROUTER, host=GUEST), moved])

    assert found.beside == ()


def test_what_a_gateway_tells_is_about_who_asked() -> None:
    """Mappings and searches are the asker's own; an address outside comes from the gateway."""
    address = ip_address(EMPLOYEE)
    facts: list[tuple[Fact, str, End]] = [
        (PortMapping("tcp", (address, 6881), 51413, 3600, None, granted=True), "bt.portmap", "orig"),
        (GatewaySearch("BiglyBT"), "bt.portmap", "orig"),
        (ExternalAddress(ip_address("203.0.113.40"), None, GATEWAY), "bt.external_address", "resp"),
    ]

    _, [found] = joined([connection(EMPLOYEE, OUTSIDER), *(saying(*fact[:2], end=fact[2]) for fact in facts)])

    assert (found.flows, found.beside) == ((0, 1, 2, 3), ("bt.external_address", "bt.portmap"))
