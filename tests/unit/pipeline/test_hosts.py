"""Facts by the inside host of which they say something."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.model.fact import Name
from auditor.model.identity import SourceLine, Translation
from auditor.model.watch import ActivitySeen, FlowSeen
from auditor.pipeline.hosts import Hosts
from auditor.pipeline.translating import Translating
from tests.build.sighting import (
    EMPLOYEE,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    connection,
    flow,
    observation,
)

if TYPE_CHECKING:
    from auditor.model.flow import Address, Flow

PUBLIC = "192.0.2.1"
LINE = SourceLine("gateway", "conntrack.log", 1)
BEHIND = Translation(NINE - SECOND, None, LINE, "tcp", (ip_address(GUEST), 51000), (ip_address(PUBLIC), 51000))
TRANSLATING = Translating(lambda address: address == ip_address(PUBLIC), lambda *_: (BEHIND,))


def is_inside(address: Address) -> bool:
    """10.0.0.0/8 is ours, and the public address."""
    return address in ip_network("10.0.0.0/8") or address == ip_address(PUBLIC)


def hosts(flow: Flow, translating: Translating | None = None) -> set[str]:
    """Return of which hosts a flow says something."""
    return {str(host) for host in Hosts(is_inside, translating).take_flow(FlowSeen(1, flow, is_over=False))}


def test_each_inside_end_is_a_host() -> None:
    """Of two inside ends both are; of none, the one that began it."""
    assert hosts(connection(GUEST, OUTSIDER)) == {GUEST}
    assert hosts(connection(OUTSIDER, GUEST)) == {GUEST}
    assert hosts(connection(GUEST, EMPLOYEE)) == {GUEST, EMPLOYEE}
    assert hosts(connection(OUTSIDER, STRANGER)) == {OUTSIDER}


def test_the_host_behind_a_public_address_is_meant() -> None:
    """What merely supports other evidence is told of the address that was seen, too."""
    name = observation("bt.dns", "orig", Name("router", "bootstrap", "dns", answered=True))
    both = connection(PUBLIC, OUTSIDER)

    assert hosts(both, TRANSLATING) == {GUEST}
    assert hosts(both) == {PUBLIC}
    assert hosts(flow(PUBLIC, OUTSIDER, [name]), TRANSLATING) == {PUBLIC}
    assert hosts(both._replace(observations=(*both.observations, name)), TRANSLATING) == {GUEST, PUBLIC}


def test_the_newest_of_a_number_is_kept() -> None:
    """It is told whole each time."""
    facts = Hosts(is_inside, None)
    facts.take_flow(FlowSeen(1, connection(GUEST, OUTSIDER), is_over=False))
    facts.take_flow(FlowSeen(1, connection(GUEST, OUTSIDER, down=5), is_over=True))
    facts.take_activity(ActivitySeen(1, activity(GUEST), is_over=False))

    seen, flows, activities = facts.facts(ip_address(GUEST)).sighting(is_ordered=False)

    assert (seen.flows, flows, activities) == ((connection(GUEST, OUTSIDER, down=5),), (1,), (1,))
    assert facts.kept == len(facts.facts(ip_address(GUEST))) == 2


def test_what_a_host_let_go_does_not_come_back_to_it() -> None:
    """Another host keeps the flow, and a new policy looks at all that is kept."""
    facts = Hosts(is_inside, None)
    facts.take_flow(FlowSeen(1, connection(GUEST, EMPLOYEE), is_over=True))
    facts.drop(ip_address(GUEST), flows=[1])

    facts.find_anew(is_inside, None)

    assert [str(host) for host in facts] == [EMPLOYEE]
    facts.drop(ip_address(EMPLOYEE), flows=[1])
    assert (len(facts), facts.kept) == (0, 0)


def test_facts_go_over_to_whose_they_turn_out_to_be() -> None:
    """Who stood behind a public address becomes known later."""
    facts = Hosts(is_inside, None)
    facts.take_flow(FlowSeen(1, connection(PUBLIC, OUTSIDER), is_over=True))
    facts.take_activity(ActivitySeen(1, activity(EMPLOYEE), is_over=True))

    facts.find_anew(is_inside, TRANSLATING)

    assert {str(host) for host in facts} == {GUEST, EMPLOYEE}
    assert facts.kept == 2


def test_what_is_none_after_all_is_withdrawn() -> None:
    """From each host of which it said something."""
    facts = Hosts(is_inside, None)
    facts.take_flow(FlowSeen(1, connection(GUEST, EMPLOYEE), is_over=False))
    facts.take_activity(ActivitySeen(2, activity(GUEST), is_over=False))

    assert {str(host) for host in facts.withdraw(flows=[1, 7])} == {GUEST, EMPLOYEE}
    assert {str(host) for host in facts.withdraw(activities=[2])} == {GUEST}
    assert (len(facts), facts.kept) == (0, 0)
