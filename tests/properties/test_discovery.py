"""Trackers, local announces, proxies and obfuscated talk: seen the same however their bytes are cut and delivered."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from tests.build.encrypted import obfuscated
from tests.properties import discovery
from tests.properties.discovery import discoveries, streams
from tests.properties.scenarios import assemble
from tests.properties.seeing import examples, said, see
from tests.properties.talks import Exchange, Packet, Talk, UtpTalk, frames, retimed
from tests.properties.test_order import DELAYS, shuffled
from tests.properties.test_segmentation import CUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.model.capture import Sighting

Spoken = Talk | Exchange | UtpTalk
SEEN: dict[str, Callable[[], st.SearchStrategy[Spoken]]] = {
    "bt.tracker.http": discovery.http_tracker_talks,
    "bt.torrent_file": discovery.http_tracker_talks,
    "bt.external_address": discovery.http_tracker_talks,
    "bt.tracker.udp": discovery.udp_tracker_talks,
    "bt.tracker.ws": discovery.ws_tracker_talks,
    "bt.lsd": discovery.local_announces,
    "bt.mse": discovery.obfuscated_talks,
    "bt.handshake": discovery.proxied_talks,
}


def cut(talk: Spoken, places: Sequence[int]) -> list[Packet]:
    """Put talk into packets, cut at these places where it is a stream."""
    match talk:
        case Talk():
            return talk.packets(talk.segments(places))
        case UtpTalk():
            return talk.packets(talk.datagrams(places))
        case _:
            return talk.packets()


def is_obfuscated(talk: Talk | UtpTalk) -> bool:
    """Whether nothing but the lengths and the order of its flights tells what it is."""
    return talk.turns[0][1] == obfuscated(0, (len(talk.turns[0][1]),))[0][1]


def whole(talk: Spoken) -> Sighting:
    """See it as it was sent."""
    return see(frames(talk.packets()))


@examples(60)
@given(talk=discoveries(), cuts=CUTS)
def test_segmentation_does_not_change_what_is_seen(talk: Spoken, cuts: list[int]) -> None:
    """Wherever segments and packets are cut, facts, incidents and verdicts stay."""
    assert said(see(frames(cut(talk, cuts)))) == said(whole(talk))


@examples(15)
@given(talk=discoveries())
def test_bytes_may_come_one_by_one(talk: Spoken) -> None:
    """Not even segments of one byte hide a request, an answer's head or a proxy's consent."""
    assert said(see(frames(cut(talk, range(1, 700))))) == said(whole(talk))


@examples(60)
@given(talk=streams(), cuts=CUTS, delays=DELAYS)
def test_order_within_a_direction_does_not_matter(talk: Talk | UtpTalk, cuts: list[int], delays: list[int]) -> None:
    """What one end sends in a burst may arrive in any order, before it is answered."""
    sent = frames(cut(talk, cuts))
    bursts = [list(burst) for _, burst in groupby(sent, key=lambda frame: frame.data[6:12])]
    jostled = [frame for burst in bursts for frame in shuffled(burst, delays)]

    assert said(see(retimed(jostled, (frame.time for frame in sent)))) == said(see(sent))


@examples(40)
@given(talk=streams().filter(lambda talk: not is_obfuscated(talk)), delays=DELAYS)
def test_times_may_run_backwards(talk: Talk | UtpTalk, delays: list[int]) -> None:
    """Frames that are recorded late, across both directions, make no difference to what can be read.

    Where nothing can be read, all that is known of a stream is who spoke after whom.
    """
    sent = frames(talk.packets())

    assert said(see(shuffled(sent, delays))) == said(see(sent))


@examples(25)
@given(one=discoveries(), another=discoveries(1))
def test_interleaving_does_not_matter(one: Spoken, another: Spoken) -> None:
    """Two talks at once are what they are one after the other, whosever they are."""
    both = said(see(assemble([one, another]).frames()))
    alone = [said(whole(talk)) for talk in (one, another)]

    assert both[0] == tuple(sorted(fact for each in alone for fact in each[0]))


@pytest.mark.parametrize("detector", SEEN)
def test_what_is_drawn_is_seen(detector: str) -> None:
    """None of these promises holds because nothing is seen."""

    def shows(talk: Spoken) -> bool:
        return any(o.detector == detector for flow in whole(talk).flows for o in flow.observations)

    find(SEEN[detector](), shows, settings=settings(max_examples=200, database=None))  # it raises where there is none
