"""What is delivered or sent twice counts once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.build.frames import MILLISECOND, Frame, Side
from tests.properties.scenarios import Scenario, dht_talks, peer_talks, scenarios
from tests.properties.seeing import examples, facts, gist, see, told
from tests.properties.talks import STEP, Exchange, Packet, Segment, Talk, frames, in_time

if TYPE_CHECKING:
    from collections.abc import Sequence

AFTER = st.integers(1, 9_900).map(lambda microseconds: microseconds * 1000)
UPLINK = (99,)


@st.composite
def copies(draw: st.DrawFn) -> list[tuple[int, bool] | None]:
    """Draw what happens to each frame in turn: nothing, or a copy so much later, as it was or routed."""
    return draw(st.lists(st.one_of(st.none(), st.tuples(AFTER, st.booleans())), min_size=1, max_size=12))


def copied(packets: Sequence[Packet], plan: Sequence[tuple[int, bool] | None]) -> list[Frame]:
    """Deliver some packets twice."""
    made = []
    for number, packet in enumerate(packets):
        made.append(packet.frame())
        if (again := plan[number % len(plan)]) is not None:
            after, routed = again
            made.append(packet.routed(after) if routed else packet.frame()._replace(time=packet.time + after))
    return in_time(made)


def one_armed(talk: Talk | Exchange, inside: str, after: int) -> list[Frame]:
    """Capture on a trunk to a router: each packet passes in the VLAN it comes from, then in the one it goes to."""
    made = []
    for packet in talk.packets():
        ways = (talk.vlan, UPLINK) if packet.src.ip == inside else (UPLINK, talk.vlan)
        made.append(replace(packet, vlan=ways[0]).frame())
        made.append(packet.routed(after, ways[1]))
    return in_time(made)


def packets_of(sighting_of: list[Frame]) -> list[tuple[object, ...]]:
    """Return how many packets each flow is said to have."""
    return sorted((flow.orig.port, flow.resp.port, flow.packets) for flow in see(sighting_of).flows)


@examples(40)
@given(scenario=scenarios(), plan=copies())
def test_frames_delivered_twice_count_once(scenario: Scenario, plan: list[tuple[int, bool] | None]) -> None:
    """A copy within ten milliseconds changes nothing, with the same hardware addresses and hops left or with others."""
    once = scenario.frames()
    twice = in_time([*copied(scenario.packets(), plan), *scenario.others])

    assert gist(see(twice)) == gist(see(once))


@examples(25)
@given(talk=peer_talks(), after=st.integers(10, 900).map(lambda microseconds: microseconds * 1000))
def test_a_connection_crossing_two_vlans_is_one_flow(talk: Talk, after: int) -> None:
    """On a trunk to a router every frame passes twice, under two tags: one flow, every byte and packet once."""
    talk = replace(talk, vlan=(30,))
    crossing = one_armed(talk, talk.client.ip, after)
    once = frames(talk.packets())

    assert gist(see(crossing)) == gist(see(once))
    if after < 8 * STEP:  # as many packets as a flow remembers come between a frame and its copy
        assert packets_of(crossing) == packets_of(once)


@examples(25)
@given(talk=peer_talks(), after=st.integers(10, 900).map(lambda microseconds: microseconds * 1000))
def test_a_capture_may_begin_between_two_copies(talk: Talk, after: int) -> None:
    """Where the first copy of the first frame is missing, its second has the other VLAN's tag, and no more is lost."""
    talk = replace(talk, vlan=(30,))

    assert told(see(one_armed(talk, talk.client.ip, after)[1:])) == told(see(frames(talk.packets())))


@examples(25)
@given(exchanges=dht_talks(), after=st.integers(10, 900).map(lambda microseconds: microseconds * 1000))
def test_dht_talk_crossing_two_vlans_counts_once(exchanges: list[Exchange], after: int) -> None:
    """The same holds for datagrams: a host has one activity, whoever asked first, and each query counts once."""
    exchanges = [replace(exchange, vlan=(30,)) for exchange in exchanges]
    inside = next(end.ip for end in (exchanges[0].client, exchanges[0].server) if end.port not in range(7000, 7010))
    crossing = [frame for exchange in exchanges for frame in one_armed(exchange, inside, after)]
    once = frames(packet for exchange in exchanges for packet in exchange.packets())

    assert gist(see(in_time(crossing))) == gist(see(once))


@st.composite
def retransmissions(draw: st.DrawFn) -> list[tuple[Side, int, int, int]]:
    """Draw what is sent again: by whom, from where in its bytes, how many, and how many segments later."""
    sides = st.sampled_from(("orig", "resp"))
    places = st.one_of(st.integers(0, 200), st.integers(0, 20_000))
    return draw(st.lists(st.tuples(sides, places, st.integers(1, 1460), st.integers(0, 12)), max_size=10))


def resent(talk: Talk, again: Sequence[tuple[Side, int, int, int]]) -> list[Packet]:
    """Send some of a connection's bytes again, cut as it pleases, once they were sent."""
    segments = talk.segments()
    for side, at, size, later in again:
        said = talk.said(side)
        if at >= len(said):
            continue
        data = said[at : at + size]
        behind = [
            place
            for place, s in enumerate(segments)
            if s.side == side and s.data and s.at + len(s.data) >= at + len(data)
        ]
        place = min(behind[0] + 1 + later, len(segments))
        before = segments[place - 1]
        segments.insert(place, Segment(before.time + 1000, side, at, data, 0x18, 0))
    return talk.packets(segments)


@examples(40)
@given(talk=peer_talks(), again=retransmissions())
def test_bytes_sent_again_count_once(talk: Talk, again: list[tuple[Side, int, int, int]]) -> None:
    """Retransmissions in other segments, with other IP identifications, add nothing."""
    sent = [packet.frame() for packet in resent(talk, again)]

    assert gist(see(sent)) == gist(see(frames(talk.packets())))


@examples(25)
@given(first=peer_talks(), second=peer_talks(1), turned=st.booleans(), pause=st.integers(1, 30_000))
def test_ports_may_be_used_again(first: Talk, second: Talk, *, turned: bool, pause: int) -> None:
    """Two connections on the same ends, one after the other, are two flows, each with its own facts."""
    client, server = (first.server, first.client) if turned else (first.client, first.server)
    start = max(packet.time for packet in first.packets()) + pause * MILLISECOND
    second = replace(second, client=client, server=server, vlan=first.vlan, start=start)
    assume(second.isn[0] not in (first.isn[0], first.isn[1]))
    both = see(frames([*first.packets(), *second.packets()]))
    alone = [see(frames(talk.packets())) for talk in (first, second)]

    assert facts(both)[0] == sorted(flow for sighting in alone for flow in facts(sighting)[0])
