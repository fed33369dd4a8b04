"""Incidents by their hosts, judged as conducts become known."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING

from auditor.model.watch import FlowSeen
from auditor.pipeline.conduct import IDLE
from auditor.pipeline.hosts import Hosts
from auditor.pipeline.incidents import PROOF_FLOWS, Incidents
from auditor.pipeline.knowledge import Knowledge
from auditor.written.in_force import State
from tests.build import days
from tests.build.sighting import FILM, GUEST, NINE, OUTSIDER, STRANGER, connection, flow, shake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Flow
    from auditor.model.standing import IncidentChange

HOST = ip_address(GUEST)
SHARED = connection(GUEST, OUTSIDER, FILM, up=20_000)


class Played:
    """Incidents of one host, told of flows."""

    def __init__(self) -> None:
        self.knowledge = Knowledge(State(days.policy(), "sha", 0), None, bytes(32))
        self.facts = Hosts(self.knowledge.known.is_inside, None)
        numbers = count(1)
        self.incidents = Incidents(
            self.knowledge, self.facts, sensor="office", new_id=lambda: f"i{next(numbers)}", resumed=(), past=()
        )

    def take(self, *flows: Flow) -> list[IncidentChange]:
        """Take flows that take the place of those before."""
        for number, each in enumerate(flows):
            self.facts.take_flow(FlowSeen(number, each, is_over=False))
        found = self.knowledge.fold(self.facts.facts(HOST), ())
        _, changes = self.incidents.go_on({HOST: found})
        return changes


def test_it_keeps_incidents_by_host() -> None:
    """And knows how many go on."""
    played = Played()
    played.take(SHARED)

    assert played.incidents.hosts() == [HOST]
    assert [each.id for each in played.incidents.of(HOST)] == ["i1"]
    assert played.incidents.open == 1


def test_the_strongest_proof_comes_first_and_no_more_than_so_much() -> None:
    """A transfer proves more than what others sent."""
    others = [flow(OUTSIDER, GUEST, [shake("orig", FILM)], at=NINE - n, ports=(n, 6881)) for n in range(1, 99)]

    (change,) = Played().take(*others, SHARED)

    assert change.flows[0] == SHARED
    assert len(change.flows) == PROOF_FLOWS


def test_what_rules_counted_is_told_along() -> None:
    """A store that keeps it makes them count on after a restart."""
    (change,) = Played().take(SHARED)

    assert change.noted == (("often", "often"), ("uploads", "first"))


def test_one_of_which_nothing_is_left_is_over() -> None:
    """And counts for no rule any more."""
    played = Played()
    played.take(SHARED)

    _, (change,) = played.incidents.go_on({HOST: []})

    assert (change.is_over, played.incidents.open, played.incidents.of(HOST)) == (True, 0, ())
    assert played.take(SHARED)[0].incident.judgement.reason.startswith("it gives others (notice 1 of 2")


def test_what_is_over_by_then_is_told_once() -> None:
    """Not as new first."""
    played = Played()
    played.incidents.now = SHARED.last + IDLE + 1

    (change,) = played.take(SHARED)

    assert (change.is_over, change.previous) == (True, None)


def test_what_is_forgotten_is_no_more() -> None:
    """Its host neither."""
    played = Played()
    played.take(SHARED)

    played.incidents.forget(HOST, list(played.incidents.of(HOST)))

    assert (played.incidents.hosts(), played.incidents.open) == ([], 0)
    assert [change.incident.id for change in played.take(SHARED)] == ["i2"]


def test_growth_waits_until_all_is_told() -> None:
    """The last delta leaves nothing untold."""
    played = Played()
    played.take(SHARED)
    quiet = played.take(SHARED, connection(GUEST, STRANGER, FILM, down=1))

    told: Sequence[IncidentChange] = played.incidents.tell_growth(everything=True)

    assert quiet == []
    assert [change.incident.conduct.downloaded for change in told] == [1]
    assert played.incidents.tell_growth(everything=True) == []
