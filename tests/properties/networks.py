"""Drawn networks: hosts in swarms over TCP and uTP, in the DHT and with trackers, among traffic that is neither."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.properties.discovery import discoveries
from tests.properties.scenarios import Scenario, assemble, dht_talks, ordinary_talks, peer_talks
from tests.properties.sockets import sockets


@st.composite
def networks(draw: st.DrawFn) -> Scenario:
    """Draw a network's second with a little of everything."""
    spoken = [draw(peer_talks(number)) for number in range(draw(st.integers(0, 2)))]
    shared = [each for number in range(draw(st.integers(0, 2))) for each in draw(sockets(number))]
    told = [draw(discoveries(number)) for number in range(draw(st.integers(0, 3)))]
    asked = [each for number in range(draw(st.integers(0, 1))) for each in draw(dht_talks(number))]
    rest = [draw(ordinary_talks(number)) for number in range(draw(st.integers(0, 2)))]
    return assemble([*spoken, *shared, *told, *asked, *rest])
