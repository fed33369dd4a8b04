"""Which families look at a flow."""

from __future__ import annotations

from auditor.pipeline.parts import registry
from tests.build.sighting import EMPLOYEE, OUTSIDER, datagrams, flow, shake


def test_a_flow_without_bittorrent_has_no_part() -> None:
    """What was not observed makes no part."""
    assert list(registry.of_flow(0, flow(EMPLOYEE, OUTSIDER), "orig")) == []


def test_each_family_of_facts_makes_its_own_parts() -> None:
    """One UDP socket carries the DHT and peers alike."""
    seen = flow(EMPLOYEE, OUTSIDER, [datagrams("orig"), shake("orig")], transport="udp")

    assert [part.kind for part in registry.of_flow(0, seen, "orig")] == ["swarm", "dht"]
