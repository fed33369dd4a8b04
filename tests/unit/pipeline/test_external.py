"""Which public addresses inside hosts were told to have."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.model.activity import ToldAddress
from auditor.model.fact import GATEWAY, ExternalAddress, PortMapping
from auditor.pipeline.external import MOST_OF_A_HOST, externals
from tests.build.sighting import (
    EMPLOYEE,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    flow,
    observation,
    sighting,
)

if TYPE_CHECKING:
    from auditor.model.flow import Address, End, Flow, Observation

PUBLIC = IPv4Address("203.0.113.40")


def is_inside(address: Address) -> bool:
    """10.0.0.0/8 is ours."""
    return address in ip_network("10.0.0.0/8")


def told(end: End, ip: IPv4Address = PUBLIC, port: int | None = None, *, at: int = NINE) -> Observation:
    """A tracker that tells an address."""
    return observation("bt.external_address", end, ExternalAddress(ip, port, "tracker"), at=at)


def test_what_several_trackers_tell_a_host_is_one_address() -> None:
    """From first to last, with how many said so and the flow that said it first."""
    flows = [
        flow(EMPLOYEE, STRANGER, [told("resp", at=NINE + 9 * SECOND)]),
        flow(EMPLOYEE, OUTSIDER, [told("resp")]),
        flow(EMPLOYEE, OUTSIDER, [told("resp", at=NINE + SECOND)], ports=(51001, 6881)),
    ]

    [found], left_out = externals(sighting(flows), is_inside)

    assert (str(found.host), found.ip, found.port, found.told_by) == (EMPLOYEE, PUBLIC, None, "tracker")
    assert (found.tellers, found.first, found.last, found.flow) == (2, NINE, NINE + 10 * SECOND, 1)
    assert (found.host_port, left_out) == (None, 0)


def test_a_port_told_stands_for_the_hosts_own() -> None:
    """That is what a NAT maps."""
    nodes = activity(GUEST, port=6881, told=[ToldAddress(PUBLIC, 51413, 5, NINE, NINE + SECOND, ())])

    [found], _ = externals(sighting(activities=[nodes]), is_inside)

    assert (str(found.host), found.host_port, found.port, found.tellers) == (GUEST, 6881, 51413, 5)
    assert (found.told_by, found.flow) == ("dht", None)


def test_what_an_inside_host_tells_others_says_nothing_of_it() -> None:
    """An inside tracker answers outsiders."""
    assert externals(sighting([flow(OUTSIDER, EMPLOYEE, [told("resp")])]), is_inside) == ((), 0)


def test_liars_find_no_room_beside_what_many_say() -> None:
    """The addresses that most ends tell stay, and what is left out is counted."""

    def lie(number: int) -> Flow:
        return flow(EMPLOYEE, OUTSIDER, [told("resp", IPv4Address(number))], ports=(number, 80))

    honest = [flow(EMPLOYEE, peer, [told("resp", at=NINE + SECOND)]) for peer in (OUTSIDER, STRANGER)]

    found, left_out = externals(sighting([*map(lie, range(1, 101)), *honest]), is_inside)

    assert len(found) == MOST_OF_A_HOST
    assert left_out == 101 - MOST_OF_A_HOST
    assert ip_address(PUBLIC) in {each.ip for each in found}


def test_a_gateways_port_stands_for_the_one_that_it_opened() -> None:
    """Not for the port from which it was asked."""
    mapping = PortMapping("tcp", (ip_address(EMPLOYEE), 6881), 51413, 3600, None, granted=True)
    address = ExternalAddress(PUBLIC, 51413, GATEWAY)
    seen = [observation("bt.portmap", "orig", mapping), observation("bt.external_address", "resp", address)]

    [found], _ = externals(sighting([flow(EMPLOYEE, "10.20.0.1", seen, ports=(40000, 5351))]), is_inside)

    assert (found.ip, found.port, found.host_port, found.told_by) == (PUBLIC, 51413, 6881, GATEWAY)
