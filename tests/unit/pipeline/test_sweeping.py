"""What is let go of a host's facts."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.model.fact import Name
from auditor.model.watch import FlowSeen
from auditor.pipeline.beside import stand_beside
from auditor.pipeline.conduct import IDLE, Known, conducts_of
from auditor.pipeline.continuing import Ongoing, Seen
from auditor.pipeline.hosts import Facts
from auditor.pipeline.sweeping import FLOWS_AT_HAND, GRACE, REST, Swept, sweep
from tests.build.sighting import DEBIAN, FILM, GUEST, HOURS, NINE, OUTSIDER, connection, flow, held_by, observation

if TYPE_CHECKING:
    from auditor.model.flow import Flow

HOST = ip_address(GUEST)
KNOWN = Known(
    lambda address: address in ip_network("10.0.0.0/8"), held_by(lambda host: host.ip), lambda _: (None, None)
)
ONE = connection(GUEST, OUTSIDER, FILM, down=16384)
OTHER = connection(GUEST, OUTSIDER, DEBIAN, down=32768, at=NINE + HOURS)
LOOKUP = flow(GUEST, OUTSIDER, [observation("bt.dns", "orig", Name("router", "bootstrap", "dns", answered=True))])
LONG_AFTER = OTHER.last + IDLE + GRACE + 1


def swept(
    *flows: Flow, now: int = LONG_AFTER, most: int = 100, live: tuple[int, ...] = (), is_over: bool = True
) -> tuple[Swept, list[Ongoing]]:
    """Sweep what flows come to, after all of it is over or none; those of ``live`` numbers may still grow."""
    facts = Facts(HOST, {n: FlowSeen(n, each, n not in live) for n, each in enumerate(flows)})
    seen, numbers, _ = facts.sighting(is_ordered=False)
    folded = conducts_of(HOST, seen, KNOWN)
    conducts = stand_beside([each.conduct for each in folded], seen, KNOWN.is_inside, KNOWN.holders)
    ongoing = [Ongoing(f"i{n}", n, is_over=is_over) for n in range(len(folded))]
    found = [Seen(conduct, each.parts, numbers, ()) for conduct, each in zip(conducts, folded, strict=True)]
    return sweep(facts, list(zip(ongoing, found, strict=True)), now, most, KNOWN), ongoing


def test_what_is_over_is_forgotten_after_a_while() -> None:
    """Until then, something may show that it goes on."""
    early, _ = swept(ONE, now=ONE.last + IDLE + GRACE)
    late, ongoing = swept(ONE, now=ONE.last + IDLE + GRACE + 1)

    assert (early.flows, early.forgotten, early.deadline) == (frozenset(), [], ONE.last + IDLE + GRACE)
    assert late.flows == {0}
    assert late.forgotten == ongoing


def test_what_goes_on_is_kept() -> None:
    """While there is room."""
    found, _ = swept(ONE, OTHER, is_over=False)

    assert found == Swept(frozenset(), frozenset(), [], 0, None)


def test_what_ended_long_ago_is_settled_though_its_incident_goes_on() -> None:
    """But for the flows that prove most, which whoever is told of the incident sees; and no limit is hit by it."""
    many = [connection(GUEST, OUTSIDER, FILM, down=16384, at=NINE + n) for n in range(9)]
    last = max(each.last for each in many)

    early, _ = swept(*many, now=min(each.last for each in many) + REST, is_over=False)
    found, ongoing = swept(*many, now=last + REST + 1, is_over=False)

    assert early.flows == frozenset()
    assert early.deadline is not None
    assert len(found.flows) == 9 - FLOWS_AT_HAND
    assert found.settled == 0
    assert found.deadline is None
    assert ongoing[0].settled is not None
    assert ongoing[0].settled.downloaded[0] == 16384 * (9 - FLOWS_AT_HAND)
    assert ongoing[0].settled.settled is not None
    assert set(ongoing[0].settled.settled.flows) == found.flows


def test_what_stands_beside_is_not_settled_while_it_may_come_to_stand_beside_another() -> None:
    """It waits as long as an incident may be idle."""
    many = [connection(GUEST, OUTSIDER, FILM, at=NINE + n) for n in range(9)]

    found, _ = swept(*many, LOOKUP, now=NINE + 3 * HOURS, is_over=False)

    assert found.flows
    assert len(many) not in found.flows


def test_a_flow_that_may_still_grow_stays_with_what_was_settled_beside_it() -> None:
    """Else it came back whole, and counted twice."""
    more = connection(GUEST, OUTSIDER, FILM, down=16384, at=NINE + HOURS)

    found, ongoing = swept(ONE, more, live=(1,))

    assert found.flows == {0}
    assert found.forgotten == []
    assert ongoing[0].settled is not None
    assert ongoing[0].settled.downloaded[0] == 16384


def test_what_is_of_nothing_is_forgotten_too() -> None:
    """A looked-up name waits for an incident as long as one may be idle."""
    assert swept(LOOKUP, now=LOOKUP.last + IDLE)[0].deadline == LOOKUP.last + IDLE + GRACE
    assert swept(LOOKUP)[0].flows == {0}


def test_the_oldest_are_settled_where_there_are_too_many() -> None:
    """They stay in the amounts of their incidents."""
    found, ongoing = swept(ONE, OTHER, most=1, is_over=False)

    assert found.flows == {0, 1}
    assert found.settled == 2
    assert [each.settled.downloaded[0] for each in ongoing if each.settled] == [16384, 32768]


def test_none_that_may_grow_is_settled() -> None:
    """However many there are: the engine has a bound for them."""
    found, _ = swept(ONE, OTHER, most=1, live=(0, 1), is_over=False)

    assert found.flows == frozenset()


def test_what_stood_beside_an_incident_is_told_of_it_on() -> None:
    """Only its detector stays, and only with something of the incident itself."""
    found, ongoing = swept(ONE, LOOKUP, most=1, is_over=False)
    kept, _ = swept(ONE, LOOKUP, most=1, live=(0,), is_over=False)

    assert found.flows == {0, 1}
    assert ongoing[0].settled is not None
    assert ongoing[0].settled.settled is not None
    assert ongoing[0].settled.settled.beside == ("bt.dns",)
    assert kept.flows == frozenset()
