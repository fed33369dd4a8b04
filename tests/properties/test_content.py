"""What is proven of what passed depends on the bytes alone: not on how they came, nor on who looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.audit import document
from auditor.cli import output
from auditor.metrics.audit import AuditCollector
from auditor.pipeline.run import judge
from tests.build.bittorrent import BLOCK
from tests.build.capture import pcap
from tests.build.frames import START, End, Frame
from tests.build.torrent import Torrent, magnet_talk
from tests.properties.seeing import examples, facts, gist, policy, see, see_files, verdicts
from tests.properties.talks import Talk, frames, in_time, retimed
from tests.properties.test_order import DELAYS, shuffled
from tests.properties.test_segmentation import CUTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.capture import Sighting

PLANTED = b"PLANTED-BYTES-OF-A-PIECE"
HOSTS = ("10.20.0.5", "10.40.0.9", "10.30.0.7")


@st.composite
def torrents(draw: st.DrawFn) -> Torrent:
    """Draw a torrent of some files; their content is planted bytes."""
    sizes = draw(st.lists(st.integers(1, 3 * BLOCK), min_size=1, max_size=4))
    content = [PLANTED * (size // len(PLANTED)) + PLANTED[: size % len(PLANTED)] for size in sizes]
    files = {f"planted-name-{number}": data for number, data in enumerate(content)}
    return Torrent(files, piece_length=draw(st.sampled_from([BLOCK, 2 * BLOCK])))


@st.composite
def downloads(draw: st.DrawFn) -> tuple[Torrent, list[Talk]]:
    """Draw several downloads of one torrent. One of them begins with its metadata, which proves the others too."""
    torrent = draw(torrents())
    wrong = draw(st.sets(st.sampled_from(range(len(torrent.pieces)))))
    talks = []
    for number, host in enumerate(draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3))):
        given = {index: b"\xff" * len(torrent.pieces[index]) for index in wrong} if number == 1 else {}
        told = None if number == 0 else b""
        turns = tuple(magnet_talk(torrent, told=told, given=given))
        client, server = End(host, 50_000 + number), End("198.51.100.7", 6881)
        talks.append(Talk(client, server, turns, start=START + number * 10**9, isn=(1_000 + number, 9_000)))
    return torrent, talks


def sent(talks: Sequence[Talk], cuts: list[int] | None = None) -> list[Frame]:
    """Return the frames of downloads, cut at these places."""
    return in_time(frame for talk in talks for frame in frames(talk.packets(talk.segments(cuts))))


@examples(20)
@given(download=downloads())
def test_all_that_passed_whole_is_verified(download: tuple[Torrent, list[Talk]]) -> None:
    """Every piece of every download is told right from wrong, whichever flow had the metadata."""
    torrent, talks = download

    result = judge(see(sent(talks)), policy())

    total = len(torrent.content)
    for incident in result.incidents:
        verified = incident.conduct.verified
        assert verified is not None
        assert verified.downloaded + verified.wrong == incident.conduct.downloaded
        assert verified.downloaded % total == 0 or verified.wrong > 0
        assert (incident.conduct.amount_basis.label == "verified") == (verified.wrong == 0)


@examples(30)
@given(download=downloads(), cuts=CUTS, delays=DELAYS, jobs=st.integers(1, 3))
def test_how_bytes_come_does_not_change_what_is_verified(
    download: tuple[Torrent, list[Talk]], cuts: list[int], delays: list[int], jobs: int
) -> None:
    """Any segments, any order within the window and any number of workers give the same torrents and bytes."""
    _, talks = download
    told = [frames(talk.packets(talk.segments(cuts))) for talk in talks]
    moved = [retimed(shuffled(each, delays), (frame.time for frame in each)) for each in told]

    assert gist(see(in_time(frame for each in moved for frame in each), jobs=jobs)) == gist(see(sent(talks)))


@examples(20)
@given(download=downloads(), where=st.floats(0, 1))
def test_files_may_part_metadata_and_pieces(download: tuple[Torrent, list[Talk]], where: float) -> None:
    """Wherever a capture is cut into files, the same is verified."""
    whole = sent(download[1])
    place = int(where * len(whole))

    parted = see_files([pcap(whole[:place]), pcap(whole[place:])])

    assert (facts(parted), verdicts(parted)) == gist(see(whole))


@examples(10)
@given(download=downloads(), show_names=st.booleans())
def test_no_byte_of_a_piece_is_in_any_output(download: tuple[Torrent, list[Talk]], show_names: bool) -> None:
    """Pieces are hashed and never shown; names are shown only where they were asked for."""
    sighting = see(sent(download[1]))

    shown = everything_shown(sighting, show_names=show_names)

    assert PLANTED[:8].decode() not in shown
    assert ("planted-name" in shown) == show_names


def everything_shown(sighting: Sighting, *, show_names: bool) -> str:
    """Return every output of an audit, one after the other."""
    result = judge(sighting, policy(), show_names=show_names)
    collector = AuditCollector(result.captures, result.incidents, result.limits_hit, finished=0)
    outputs = [
        *output.audit_text(result, 160),
        json.dumps(document.document(result)),
        *document.lines(result),
        *map(repr, collector.collect()),
        repr(result.flows),
    ]
    return "\n".join(outputs)
