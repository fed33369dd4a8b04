"""Parts that outlast a tenure."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.attribution import Attribution
from auditor.model.scale import AmountBasis, Participation
from auditor.pipeline.part import NOTHING, Part
from auditor.pipeline.parts import registry
from auditor.pipeline.splitting import MINUTE, split
from auditor.pipeline.whose import Held
from tests.build.sighting import GUEST, NINE, OUTSIDER, SECOND, connection, sighting

if TYPE_CHECKING:
    from auditor.model.capture import Sighting

SOMEBODY = Attribution("guests", "attributed")
FIRST_MINUTE = NINE // MINUTE


def lasting(minutes: list[tuple[int, int]]) -> tuple[Part, Sighting]:
    """A part of a connection in each of whose minutes the host sent and received so many bytes."""
    flow = connection(GUEST, OUTSIDER, down=sum(d for _, d in minutes), up=sum(u for u, _ in minutes))._replace(
        last=NINE + len(minutes) * MINUTE - 1,
        minutes=tuple((FIRST_MINUTE + n, up, down) for n, (up, down) in enumerate(minutes)),
    )
    (part,) = registry.of_flow(0, flow, "orig")
    return part, sighting(flows=[flow])


def held(start: int, end: int, key: int) -> Held:
    """A holder's tenure, in seconds from the beginning."""
    return Held(NINE + start * SECOND, NINE + end * SECOND - 1, key, SOMEBODY)


def test_bytes_go_with_the_minutes() -> None:
    """Who held the address in a minute has its bytes, and no more of the pieces."""
    part, seen = lasting([(10, 100), (20, 200), (40, 400)])

    (_, early), (_, late) = split(part, seen, [held(0, 60, 1), held(60, 180, 2)])

    assert (early.uploaded, early.downloaded) == ((10, AmountBasis.FLOW), (100, AmountBasis.FLOW))
    assert (late.uploaded, late.downloaded) == ((60, AmountBasis.FLOW), (600, AmountBasis.FLOW))
    assert (early.first, early.last) == (part.first, NINE + 60 * SECOND - 1)
    assert (late.first, late.last) == (NINE + 60 * SECOND, part.last)


def test_who_sent_and_received_nothing_has_no_part() -> None:
    """An address that was silent after it changed hands accuses nobody new."""
    part, seen = lasting([(10, 100)])

    pieces = split(part._replace(last=NINE + 600 * SECOND), seen, [held(0, 60, 1), held(60, 700, 2)])

    assert [(h.key, p.downloaded[0]) for h, p in pieces] == [(1, 100)]
    assert pieces[0][1].downloaded[1] is AmountBasis.PIECES, "all of it is one holder's"


def test_a_minute_that_changes_hands_goes_to_who_held_its_middle() -> None:
    """The engine counts by the minute: within one, nothing tells whose a byte was."""
    part, seen = lasting([(0, 100), (0, 100)])

    (_, early), (_, late) = split(part, seen, [held(0, 80, 1), held(80, 120, 2)])

    assert (early.downloaded[0], late.downloaded[0]) == (100, 100)


def test_who_sent_no_byte_of_a_transfer_was_connected() -> None:
    """Bytes of one holder are no transfer of another."""
    part, seen = lasting([(0, 1 << 20), (0, 0)])

    (_, early), (_, late) = split(part, seen, [held(0, 60, 1), held(60, 120, 2)])

    assert early.participation is Participation.TRANSFERRED
    assert late.participation is Participation.CONNECTED


def test_what_belongs_to_no_flow_is_split_by_its_time() -> None:
    """A part without minutes begins with the one who held the address then."""
    part, seen = lasting([(1, 1)])
    bare = part._replace(flow=None, downloaded=NOTHING, uploaded=NOTHING)

    assert [h.key for h, _ in split(bare, seen, [held(-60, -1, 1), held(0, 900, 2)])] == [2]


def test_the_responder_is_counted_from_its_own_end() -> None:
    """What the originator sent is what the responder received."""
    part, seen = lasting([(10, 100), (20, 200)])
    flow = seen.flows[0]
    (other,) = registry.of_flow(0, flow, "resp")

    (_, early), _ = split(other, seen, [held(0, 60, 1), held(60, 120, 2)])

    assert other.host.ip == ip_address(OUTSIDER)
    assert (early.uploaded[0], early.downloaded[0]) == (100, 10)
    assert part.host.ip == ip_address(GUEST)


@given(
    minutes=st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 9999)), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 700), max_size=5),
)
def test_nothing_is_lost_and_nothing_is_added(minutes: list[tuple[int, int]], cuts: list[int]) -> None:
    """However often an address changes hands, the amounts add up to the flow's."""
    part, seen = lasting(minutes)
    edges = sorted({0, *cuts, 800})

    pieces = split(part, seen, [held(a, b, a) for a, b in pairwise(edges)])

    assert sum(p.downloaded[0] for _, p in pieces) == part.downloaded[0]
    assert sum(p.uploaded[0] for _, p in pieces) == part.uploaded[0]
