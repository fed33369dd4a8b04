"""TCP may cut the bytes of a connection anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.scenarios import Scenario, peer_talks, scenarios
from tests.properties.seeing import examples, gist, see
from tests.properties.talks import Talk, frames, in_time

if TYPE_CHECKING:
    from tests.build.frames import Frame

CUTS = st.lists(st.one_of(st.integers(1, 160), st.integers(1, 20_000)), max_size=25)
"""Many of them within the handshake, the first message's head and the start of its body."""


def recut(scenario: Scenario, cuts: list[int]) -> list[Frame]:
    """Return the scenario's frames with both sides of every connection cut at these places."""
    packets = [packet for talk in scenario.talks for packet in talk.packets(talk.segments(cuts))]
    packets += [packet for exchange in scenario.exchanges for packet in exchange.packets()]
    return in_time([*frames(packets), *scenario.others])


@examples(40)
@given(scenario=scenarios(), cuts=CUTS)
def test_segmentation_does_not_change_what_is_seen(scenario: Scenario, cuts: list[int]) -> None:
    """Wherever segments are cut, the facts, the incidents, the amounts and the verdicts stay."""
    assert gist(see(recut(scenario, cuts))) == gist(see(scenario.frames()))


@examples(10)
@given(talk=peer_talks())
def test_bytes_may_come_one_by_one(talk: Talk) -> None:
    """Not even segments of one byte hide a handshake or the head of a message."""
    short = range(1, 150)

    assert gist(see(frames(talk.packets(talk.segments(short))))) == gist(see(frames(talk.packets())))
