"""What stands around BitTorrent is joined across flows, and does not depend on how many workers look, or on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.around import (
    CONNECTED,
    LSD_GROUP,
    client_hello,
    connect,
    dns_query,
    dns_reply,
    lsd,
    natpmp_address,
    natpmp_address_reply,
    natpmp_map,
    natpmp_map_reply,
)
from tests.build.capture import pcap
from tests.build.frames import MILLISECOND, START, End
from tests.properties.scenarios import TORRENTS, VLANS, Scenario, assemble, handshake_of, scenarios
from tests.properties.seeing import audit, everything, examples, see, see_files
from tests.properties.talks import Exchange, Talk, Turn

if TYPE_CHECKING:
    from auditor.model.capture import Sighting

HOSTS = ("10.20.0.5", "10.20.0.6", "10.40.0.9")
NAMES = ("router.bittorrent.com", "tracker.opentrackr.org", "intranet.example")


@st.composite
def around(draw: st.DrawFn, number: int) -> Talk | Exchange:
    """Draw a look-up, a hello, an announce to the network, a mapping, or a handshake through a proxy."""
    host = End(draw(st.sampled_from(HOSTS)), 30_000 + number)
    vlan, start = draw(st.sampled_from(VLANS)), START + draw(st.integers(0, 300)) * MILLISECOND
    name, port = draw(st.sampled_from((*NAMES, "a" * 40))), draw(st.sampled_from((6881, 6882, 3074)))
    peer = End("198.51.100.7", 6881)
    datagrams: dict[str, tuple[End, list[Turn]]] = {
        "dns": (End("10.20.0.1", 53), [("orig", dns_query(name)), ("resp", dns_reply(name, "192.0.2.9"))]),
        "lsd": (LSD_GROUP, [("orig", lsd(port, TORRENTS[:2]))]),
        "gateway": (
            End("10.20.0.1", 5351),
            [
                ("orig", natpmp_map(port, port)),
                ("resp", natpmp_map_reply(port, port)),
                ("orig", natpmp_address()),
                ("resp", natpmp_address_reply("203.0.113.40")),
            ],
        ),
    }
    streams: dict[str, tuple[End, list[Turn]]] = {
        "tls": (End("192.0.2.10", 443), [("orig", client_hello(name)), ("resp", b"\x15\x03\x03\x00\x02\x02\x70")]),
        "proxy": (
            End("192.0.2.80", 3128),
            [("orig", connect(peer, "eDp5")), ("resp", CONNECTED), ("orig", handshake_of(TORRENTS[1], number))],
        ),
    }
    kind = draw(st.sampled_from((*datagrams, *streams)))
    if kind in streams:
        server, turns = streams[kind]
        return Talk(host, server, tuple(turns), vlan, start)
    server, turns = datagrams[kind]
    return Exchange(host, server, tuple(turns), vlan, start)


@st.composite
def surrounded(draw: st.DrawFn) -> Scenario:
    """Draw a network's second with some of that in it."""
    others = draw(scenarios(peers=2, dht=2, ordinary=1)).spoken()
    return assemble([*others, *(draw(around(number)) for number in range(draw(st.integers(1, 6))))])


@pytest.mark.parametrize("jobs", [2, 3])
@examples(20)
@given(scenario=surrounded())
def test_jobs_do_not_change_what_stands_beside_what(jobs: int, scenario: Scenario) -> None:
    """The evidence of a host is spread over workers, and what it supports is the same."""
    frames = scenario.frames()

    assert _all(see(frames, jobs=jobs)) == _all(see(frames))


@examples(20)
@given(scenario=surrounded(), data=st.data())
def test_files_do_not_change_what_stands_beside_what(scenario: Scenario, data: st.DataObject) -> None:
    """Nor does the place at which a capture was rotated."""
    frames = scenario.frames()
    cut = data.draw(st.integers(0, len(frames)), label="cut")

    assert _all(see_files([pcap(frames[:cut]), pcap(frames[cut:])])) == _all(see(frames))


@examples(20)
@given(scenario=surrounded())
def test_a_flow_that_says_nothing_by_itself_has_an_incident(scenario: Scenario) -> None:
    """Or it is not told; and no incident rests on it."""
    result = audit(see(scenario.frames()))

    weak = {"bt.dns", "bt.tls", "bt.portmap"}
    assert [
        each for each in result.flows if {o.detector for o in each.flow.observations} <= weak and not each.incidents
    ] == []
    assert [incident for incident in result.incidents if weak & set(incident.conduct.detectors)] == []


def _all(sighting: Sighting) -> object:
    beside = [(incident.id, incident.conduct.beside, incident.conduct.flows) for incident in audit(sighting).incidents]
    return everything(sighting), beside, audit(sighting).external_addresses
