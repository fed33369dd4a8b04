"""Frames may be recorded in another order than they were sent, as mirror ports and several queues do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.build.bittorrent import handshake, message, piece
from tests.build.frames import SYN, End, Frame
from tests.properties.scenarios import TORRENTS, Scenario, peer_talks, scenarios
from tests.properties.seeing import examples, gist, see, told
from tests.properties.talks import Talk, Turn, frames, in_time, retimed

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW = 7
"""How many frames one may come too late, while nothing is known yet of where its stream begins."""
DELAYS = st.lists(st.integers(0, WINDOW), min_size=20, max_size=20)


def shuffled(ordered: Sequence[Frame], delays: Sequence[int]) -> list[Frame]:
    """Let frames overtake one another by at most so many places."""
    late = [at + delays[at % len(delays)] for at in range(len(ordered))]
    return [ordered[at] for at in sorted(range(len(ordered)), key=lambda at: late[at])]


def reordered(scenario: Scenario, delays: Sequence[int]) -> list[Frame]:
    """Reorder the frames of each flow by itself; the order of time is then the new one."""
    every: list[Frame] = list(scenario.others)
    for talk in scenario.spoken():
        sent = frames(talk.packets())
        every += retimed(shuffled(sent, delays), (frame.time for frame in sent))
    return in_time(every)


@examples(40)
@given(scenario=scenarios(), delays=DELAYS)
def test_order_does_not_change_what_is_seen(scenario: Scenario, delays: list[int]) -> None:
    """Within the reassembly window, no order of a flow's frames changes facts, incidents, amounts or verdicts."""
    assert gist(see(reordered(scenario, delays))) == gist(see(scenario.frames()))


@examples(20)
@given(scenario=scenarios(), delays=DELAYS)
def test_times_may_run_backwards(scenario: Scenario, delays: list[int]) -> None:
    """Frames that are recorded late with the time of their arrival make no difference either."""
    whole = scenario.frames()

    assert gist(see(shuffled(whole, delays))) == gist(see(whole))


@examples(20)
@given(talk=peer_talks(), places=st.tuples(st.integers(0, WINDOW), st.integers(0, WINDOW)))
@example(
    talk=Talk(
        End("10.20.0.5", 50_000),
        End("198.51.100.7", 6881),
        (
            ("orig", handshake(TORRENTS[1], b"a" * 20)),
            ("resp", handshake(TORRENTS[1], b"b" * 20)),
            ("resp", message(1) + piece(0, 0, bytes(5000))),
        ),
    ),
    places=(5, 6),
)
@example(
    talk=Talk(
        End("198.51.100.7", 50_000),
        End("10.20.0.5", 6881),
        (("orig", handshake(TORRENTS[1], b"a" * 20)),),
        closed=True,
    ),
    places=(5, 6),
)
def test_an_opening_may_come_late(talk: Talk, places: tuple[int, int]) -> None:
    """A SYN or its answer that comes after the first bytes neither parts the flow nor turns it round."""
    segments = talk.segments()
    opening = [segment for segment in segments if segment.flags & SYN]
    rest = [segment for segment in segments if not segment.flags & SYN]
    for place, segment in sorted(zip(places, opening, strict=True), key=lambda pair: pair[0]):
        rest.insert(place, segment)
    sent = [packet.frame() for packet in talk.packets(rest)]

    assert gist(see(retimed(sent, (frame.time for frame in sent)))) == gist(see(frames(talk.packets())))


@pytest.mark.parametrize("first", ["orig", "resp"])
def test_one_side_may_come_whole_before_the_other(first: str) -> None:
    """Each direction may have a tap of its own whose frames arrive as one block."""
    hello = handshake(TORRENTS[1], b"a" * 20)
    turns: tuple[Turn, ...] = (
        ("orig", hello),
        ("resp", hello),
        ("resp", piece(0, 0, bytes(3000))),
        ("orig", message(1)),
    )
    talk = Talk(End("10.20.0.5", 50_000), End("198.51.100.7", 6881), turns)
    segments = sorted(talk.segments(), key=lambda segment: segment.side != first)
    sent = [packet.frame() for packet in talk.packets(segments)]

    assert gist(see(retimed(sent, (frame.time for frame in sent)))) == gist(see(frames(talk.packets())))


@examples(20)
@given(talk=peer_talks(), kept=st.sampled_from(("orig", "resp")))
def test_one_direction_tells_what_it_said(talk: Talk, kept: str) -> None:
    """Where only one direction was captured, what that side told is known as well as from both."""
    whole = see(frames(talk.packets()))
    half = see(frames(talk.packets([segment for segment in talk.segments() if segment.side == kept])))
    ip = (talk.client if kept == "orig" else talk.server).ip

    assert told(half) == tuple(fact for fact in told(whole) if fact[0] == ip)


@examples(20)
@given(talk=peer_talks())
def test_what_began_before_the_capture_is_read_from_its_handshake(talk: Talk) -> None:
    """Without its SYN, a connection whose handshakes were captured tells the same."""
    begun = [segment for segment in talk.segments() if not segment.flags & SYN]

    assert told(see(frames(talk.packets(begun)))) == told(see(frames(talk.packets())))
