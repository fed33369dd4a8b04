"""What an announce to the local network shows of one host."""

from __future__ import annotations

from auditor.model.fact import LocalAnnounce
from auditor.model.scale import Confidence, Participation
from auditor.pipeline.parts import local
from tests.build.sighting import EMPLOYEE, FILM, flow, observation

GROUP = "239.192.152.143"


def test_an_announce_is_one_with_the_port_that_it_tells() -> None:
    """The datagram's own port says nothing, and the group is no peer."""
    told = observation("bt.lsd", "orig", LocalAnnounce(FILM, 51413))

    [found] = local.of_flow(0, flow(EMPLOYEE, GROUP, [told], ports=(6771, 6771), transport="udp"), "orig")

    assert (found.participation, found.confidence) == (Participation.ANNOUNCED, Confidence.CONFIRMED)
    assert (found.wire, found.port, found.remote_port) == ((FILM,), 51413, None)


def test_nothing_follows_for_who_hears_it() -> None:
    """It is sent to everybody."""
    told = observation("bt.lsd", "orig", LocalAnnounce(FILM, 51413))

    assert list(local.of_flow(0, flow(GROUP, EMPLOYEE, [told], transport="udp"), "resp")) == []
