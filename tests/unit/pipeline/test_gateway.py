"""Which public ports a gateway opened for inside hosts."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

from auditor.model.fact import GATEWAY, ExternalAddress, PortMapping
from auditor.pipeline.gateway import opened
from tests.build.sighting import EMPLOYEE, GUEST, NINE, SECOND, flow, observation, sighting

if TYPE_CHECKING:
    from auditor.model.flow import Flow, Observation

ROUTER, OTHER_ROUTER = "10.20.0.1", "10.20.0.2"
PUBLIC, LATER = IPv4Address("203.0.113.40"), IPv4Address("203.0.113.41")


def maps(*, granted: bool = True, lifetime: int = 3600, internal: str | None = EMPLOYEE, at: int = NINE) -> Observation:
    """An asked-for mapping of port 6881 to 51413."""
    inside = (ip_address(internal), 6881) if internal else None
    return observation("bt.portmap", "orig", PortMapping("tcp", inside, 51413, lifetime, None, granted), at=at)


def tells(ip: IPv4Address = PUBLIC, port: int | None = None, *, at: int = NINE) -> Observation:
    """A gateway tells the address outside."""
    return observation("bt.external_address", "resp", ExternalAddress(ip, port, GATEWAY), at=at)


def talk(*seen: Observation, host: str = EMPLOYEE, gateway: str = ROUTER) -> Flow:
    """What a host and a gateway said."""
    return flow(host, gateway, seen, ports=(40000, 5351), transport="udp")


def ports(*flows: Flow) -> list[tuple[str, int, str, int]]:
    """Return the ports with where they lead."""
    return [(str(each.host), each.host_port, str(each.ip), each.port) for each in opened(sighting(flows))]


EXPECTED = [(EMPLOYEE, 6881, str(PUBLIC), 51413)]


def test_a_port_and_the_address_are_put_together_across_flows() -> None:
    """UPnP tells them in two connections."""
    assert ports(talk(maps()), talk(tells())) == EXPECTED
    assert ports(talk(maps(), tells(port=51413), tells(LATER, 51414))) == EXPECTED


def test_the_address_is_the_one_that_held_then() -> None:
    """The last told before, or else the next."""
    changed = talk(tells(LATER, at=NINE + 9 * SECOND), tells())

    assert ports(talk(maps()), changed) == EXPECTED
    assert ports(talk(maps(at=NINE + 20 * SECOND)), changed) == [(EMPLOYEE, 6881, str(LATER), 51413)]
    assert ports(talk(maps()), talk(tells(LATER, at=NINE + 9 * SECOND))) == [(EMPLOYEE, 6881, str(LATER), 51413)]


def test_what_was_not_opened_or_leads_elsewhere_is_none() -> None:
    """A wish, a removal, one without a place, one for another host; and another gateway's address."""
    for mapping in (maps(granted=False), maps(lifetime=0), maps(internal=None), maps(internal=GUEST)):
        assert ports(talk(mapping, tells())) == []
    assert ports(talk(maps()), talk(tells(), gateway=OTHER_ROUTER)) == []
    assert ports(talk(maps()), talk(tells(), host=GUEST)) == []
