"""What the tap missed is never made up, and where its size is known it does no harm."""

from __future__ import annotations

import struct

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.build.frames import SYN, End, Frame, Side
from tests.properties.scenarios import TORRENTS, handshake_of, peer_talks
from tests.properties.seeing import Gist, audit, examples, see, told
from tests.properties.talks import Segment, Talk, Turn, frames

HANDSHAKE = 68
PIECE_HEAD = 13
Range = tuple[Side, int, int]
"""Bytes of one side, from the first to behind the last."""


def blocks(talk: Talk) -> list[Range]:
    """Find the data of every piece message, but for what ends the side's bytes: nothing would tell its size."""
    found: list[Range] = []
    sides: tuple[Side, Side] = ("orig", "resp")
    for side in sides:
        said, at = talk.said(side), HANDSHAKE
        while at + 4 < len(said):
            behind = at + 4 + struct.unpack_from("!I", said, at)[0]
            first, last = at + PIECE_HEAD, min(behind, len(said) - 1)
            if said[at + 4] == 7 and first < last:
                found.append((side, first, last))
            at = behind
    return found


def losing(talk: Talk, lost: list[Range], *, also_cut: list[int]) -> list[Frame]:
    """Return the connection's packets without the segments that lie in these ranges."""
    cuts = [place for _, low, high in lost for place in (low, high)]
    kept = [
        segment
        for segment in talk.segments([*cuts, *also_cut])
        if not (segment.data and any(side == segment.side and low <= segment.at < high for side, low, high in lost))
    ]
    return frames(talk.packets(kept))


@examples(40)
@given(talk=peer_talks(), data=st.data())
def test_losses_inside_pieces_change_no_amount(talk: Talk, data: st.DataObject) -> None:
    """A hole inside a piece is of known size, and so is the piece: amounts and messages stay exact."""
    holes = blocks(talk)
    assume(holes)
    lost = []
    for side, low, high in data.draw(st.lists(st.sampled_from(holes), min_size=1, max_size=4), label="holes"):
        first = data.draw(st.integers(low, high - 1))
        lost.append((side, first, data.draw(st.integers(first + 1, high))))
    cuts = [*range(1000, 40_000, 1000)]

    whole, rest = see(frames(talk.packets())), see(losing(talk, lost, also_cut=cuts))

    assert told(rest) == told(whole)
    assert [incident.conduct.downloaded for incident in audit(rest).incidents] == [
        incident.conduct.downloaded for incident in audit(whole).incidents
    ]


@examples(40)
@given(talk=peer_talks(), lost=st.sets(st.integers(0, 60)), cuts=st.lists(st.integers(1, 20_000), max_size=10))
def test_losses_anywhere_never_add(talk: Talk, lost: set[int], cuts: list[int]) -> None:
    """Whatever is missing, no handshake is seen that was not sent, and no amount exceeds what was sent."""
    segments = talk.segments([*cuts, *range(1400, 40_000, 1400)])
    kept = [segment for number, segment in enumerate(segments) if number not in lost]
    whole, rest = see(frames(talk.packets())), see(frames(talk.packets(kept)))

    sent = {(*fact[:4], fact[4]): fact for fact in told(whole)}
    for fact in told(rest):
        known = sent.get(fact[:5])
        if fact[4] == "bt.handshake":
            assert known is not None
            assert fact[6][:2] == known[6][:2]
            assert fact[6][2] in (known[6][2], b"")  # the peer id comes last, and may be missing
        elif fact[6] != (known and known[6]):
            _, pieces, size, counts, partial = fact[6]
            _, most_pieces, most_size, most_counts, _ = known[6] if known else (None, 0, 0, (), False)
            assert pieces <= most_pieces
            assert size <= most_size
            assert all(count <= dict(most_counts)[name] for name, count in counts)
            assert partial or _is_cut_short(talk, kept, fact)
    for incident in audit(rest).incidents:
        conduct = incident.conduct
        assert conduct.downloaded + conduct.uploaded <= 2 * sum(len(data) for _, data in talk.turns)
    for flow in rest.flows:
        assert flow.bytes[0] + flow.missing[0] <= len(talk.said("orig"))
        assert flow.bytes[1] + flow.missing[1] <= len(talk.said("resp"))


def _is_cut_short(talk: Talk, kept: list[Segment], fact: Gist) -> bool:
    """Whether the sender's last bytes are what is missing: nothing behind them tells that there were any."""
    side: Side = "orig" if fact[1] == talk.client.port else "resp"
    last = max((segment.at + len(segment.data) for segment in kept if segment.side == side and segment.data), default=0)
    return last < len(talk.said(side))


@examples(25)
@given(talk=peer_talks(), first=st.integers(0, 40))
def test_a_capture_that_begins_late_makes_nothing_up(talk: Talk, first: int) -> None:
    """From a connection whose beginning is missing come facts of the whole, or none."""
    whole, rest = see(frames(talk.packets())), see(frames(talk.packets(talk.segments()[first:])))

    handshakes = {fact for fact in told(whole) if fact[4] == "bt.handshake"}
    assert {fact for fact in told(rest) if fact[4] == "bt.handshake"} <= handshakes


def test_a_quoted_handshake_behind_missing_bytes_is_nothing() -> None:
    """A page whose beginning was captured, though not its SYN, quotes the protocol at the start of a segment."""
    page = b"HTTP/1.1 200 OK\r\n\r\n<pre>"
    turns: tuple[Turn, ...] = (
        ("orig", b"GET / HTTP/1.1\r\n\r\n"),
        ("resp", page),
        ("resp", handshake_of(TORRENTS[1], 0) + b"</pre>"),
    )
    talk = Talk(End("10.20.0.5", 50_000), End("198.51.100.7", 80), turns)
    begun = [segment for segment in talk.segments() if not segment.flags & SYN]

    assert not see(frames(talk.packets(begun))).flows
