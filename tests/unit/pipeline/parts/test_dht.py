"""What talk with the DHT shows of one host."""

from __future__ import annotations

import pytest

from auditor.model.scale import Confidence, Participation
from auditor.pipeline.parts import dht
from tests.build.sighting import EMPLOYEE, FILM, OUTSIDER, activity, datagrams, flow, target


def test_an_activity_is_present_only_if_the_host_spoke() -> None:
    """Outsiders' queries alone are contact, however many."""
    [spoke] = dht.of_activity(0, activity(EMPLOYEE, queries_out=1, replies_out=0))
    [replied] = dht.of_activity(0, activity(EMPLOYEE, queries_out=0, replies_out=1))
    [silent] = dht.of_activity(0, activity(EMPLOYEE, queries_out=0, queries_in=1000))
    [refused] = dht.of_activity(0, activity(EMPLOYEE, queries_out=0)._replace(errors_out=1))

    assert (spoke.participation, spoke.confidence) == (Participation.PRESENT, Confidence.CONFIRMED)
    assert replied.participation is Participation.PRESENT
    for each in (silent, refused):  # An error bears no node's id: an echo's looks the same.
        assert (each.participation, each.confidence) == (Participation.CONTACTED, Confidence.SUSPECTED)


@pytest.mark.parametrize(
    ("nodes", "near_own_id", "counts"), [(3, False, True), (2, False, False), (9, True, False), (9, False, True)]
)
def test_a_lookup_asks_several_nodes_for_what_is_not_routing(nodes: int, near_own_id: bool, counts: bool) -> None:
    """Fewer than three nodes, or an infohash near the host's own id, is the routing table at work."""
    asked = activity(EMPLOYEE, looked_up=[target(nodes=nodes, near_own_id=near_own_id)])

    assert (Participation.LOOKED_UP in [p.participation for p in dht.of_activity(0, asked)]) is counts


def test_an_announce_is_one_however_few_nodes_were_told() -> None:
    """announce_peer is a claim of its own, unlike a lookup."""
    _, told = dht.of_activity(0, activity(EMPLOYEE, announced=[target(FILM, nodes=1)]))

    assert (told.kind, told.wire, told.participation) == ("swarm", (FILM,), Participation.ANNOUNCED)


def test_a_flow_of_the_dht_adds_nothing_but_itself() -> None:
    """Its activity is the proof, so that incidents are the same with and without --all-flows."""
    [found] = dht.of_flow(0, flow(EMPLOYEE, OUTSIDER, [datagrams("resp"), datagrams("orig")], transport="udp"), "orig")

    assert (found.kind, found.frames, found.remote_port, found.flow) == ("dht", (), None, 0)
