"""uTP's packets may be cut, delivered and sent again in any way; what is lost adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.fact import Handshake, Utp
from tests.build.bittorrent import handshake, piece
from tests.build.frames import MILLISECOND, START, End, Frame
from tests.build.utp import DATA
from tests.properties.scenarios import TORRENTS
from tests.properties.seeing import Gist, audit, examples, said, see, told
from tests.properties.sockets import resent, sockets, utp_talks
from tests.properties.talks import Exchange, Packet, UtpTalk, frames, in_time, retimed
from tests.properties.test_copies import copied, copies
from tests.properties.test_order import DELAYS, shuffled
from tests.properties.test_segmentation import CUTS

if TYPE_CHECKING:
    from auditor.model.capture import Sighting

Talks = Sequence[UtpTalk | Exchange]
ENDS = End("10.20.0.5", 6881), End("198.51.100.7", 51413)


def packets(talks: Talks, cuts: Sequence[int] | None = None) -> list[Packet]:
    """Put all talk into packets, uTP's cut at these places."""
    made = []
    for talk in talks:
        cut = isinstance(talk, UtpTalk) and cuts is not None
        made += talk.packets(talk.datagrams(cuts)) if cut and isinstance(talk, UtpTalk) else talk.packets()
    return made


def jostled(talk: UtpTalk, delays: Sequence[int]) -> list[Frame]:
    """Let packets overtake one another, but none the SYN or the answer with which its own end begins."""
    sent = frames(talk.packets())
    late = shuffled(sent, delays)
    for first in sent[:2]:
        place, earliest = (
            late.index(first),
            next(place for place, frame in enumerate(late) if frame.data[6:12] == first.data[6:12]),
        )
        late.insert(earliest, late.pop(place))
    return retimed(late, (frame.time for frame in sent))


def whole(talks: Talks) -> Sighting:
    """See all talk as it was sent."""
    return see(frames(packets(talks)))


@examples(40)
@given(talks=sockets(), cuts=CUTS)
def test_segmentation_does_not_change_what_is_seen(talks: Talks, cuts: list[int]) -> None:
    """Wherever packets are cut, facts, incidents, amounts and verdicts stay."""
    assert said(see(frames(packets(talks, cuts)))) == said(whole(talks))


@examples(10)
@given(talk=utp_talks())
def test_bytes_may_come_one_by_one(talk: UtpTalk) -> None:
    """Not even packets of one byte hide a handshake or the head of a message."""
    assert said(see(frames(packets([talk], range(1, 150))))) == said(whole([talk]))


@examples(40)
@given(talks=sockets(), delays=DELAYS)
def test_order_does_not_change_what_peers_said(talks: Talks, delays: list[int]) -> None:
    """Packets may overtake one another, and the answer its SYN; each end's first packet comes before its others."""
    peers = [talk for talk in talks if isinstance(talk, UtpTalk)]
    late = [frame for talk in peers for frame in jostled(talk, delays)]

    assert said(see(in_time(late))) == said(whole(peers))


@examples(20)
@given(talk=utp_talks(), delays=DELAYS)
def test_times_may_run_backwards(talk: UtpTalk, delays: list[int]) -> None:
    """Frames that are recorded late with the time of their arrival make no difference either."""
    times = {frame.data: frame.time for frame in frames(talk.packets())}
    late = [Frame(times[frame.data], frame.data) for frame in jostled(talk, delays)]

    assert said(see(late)) == said(whole([talk]))


@examples(30)
@given(talks=sockets(), plan=copies())
def test_frames_delivered_twice_count_once(talks: Talks, plan: list[tuple[int, bool] | None]) -> None:
    """A copy within ten milliseconds changes nothing that was said, however many packets came between."""
    peers = [talk for talk in talks if isinstance(talk, UtpTalk)]

    assert said(see(copied(packets(peers), plan))) == said(whole(peers))


@examples(40)
@given(talk=utp_talks(), again=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 12)), max_size=10))
def test_packets_sent_again_count_once(talk: UtpTalk, again: list[tuple[int, int]]) -> None:
    """Retransmissions with other IP identifications, the SYN's included, add nothing."""
    assert said(see(frames(resent(talk, again)))) == said(whole([talk]))


@examples(40)
@given(talk=utp_talks(), lost=st.sets(st.integers(0, 80)), cuts=st.lists(st.integers(1, 20_000), max_size=10))
def test_losses_never_add(talk: UtpTalk, lost: set[int], cuts: list[int]) -> None:
    """Whatever is missing, nobody is said to have named another torrent, and no amount exceeds what was sent."""
    sent = talk.datagrams([*cuts, *range(1400, 40_000, 1400)])
    rest = see(frames(talk.packets([each for number, each in enumerate(sent) if number not in lost])))

    assert_nothing_added(rest, talk)


@examples(25)
@given(talk=utp_talks(), first=st.integers(0, 40))
def test_a_capture_that_begins_late_makes_nothing_up(talk: UtpTalk, first: int) -> None:
    """Without SYN and answer there is no connection; after them, what follows is that of the whole."""
    rest = see(frames(talk.packets(talk.datagrams()[first:])))

    assert_nothing_added(rest, talk)
    assert not (first >= 2 and rest.flows)


@examples(20)
@given(talk=utp_talks(), kept=st.sampled_from(("orig", "resp")))
def test_one_direction_alone_proves_nothing(talk: UtpTalk, kept: str) -> None:
    """A SYN without its answer, or the other way round, is what many a datagram looks like."""
    half = [each for each in talk.datagrams() if each.side == kept]

    assert not see(frames(talk.packets(half))).flows


@examples(30)
@given(talk=utp_talks(), data=st.data())
def test_bytes_sent_again_in_other_portions_never_add(talk: UtpTalk, data: st.DataObject) -> None:
    """A sender that cuts anew what did not arrive uses its numbers for other bytes; then the first copies count."""
    sent = replace(talk, closed=False).datagrams()
    numbered = [place for place, each in enumerate(sent) if each.kind == DATA and len(each.data) > 1]
    place = data.draw(st.sampled_from(numbered), label="place")
    again, later = sent[place], data.draw(st.integers(0, 6), label="later")
    half = data.draw(st.integers(1, len(again.data) - 1), label="half")
    behind = min(place + 1 + later, len(sent))
    sent.insert(behind, replace(again, data=again.data[:half], time=sent[behind - 1].time + 1000))

    seen = see(frames(talk.packets(sent)))

    assert said(seen) == said(whole([talk]))
    assert [capture.anomalies["utp-overlap-conflict"] for capture in seen.captures] == [1]


def test_of_packets_that_contradict_each_other_the_first_stays() -> None:
    """Two handshakes under one number: the torrent of the second is not the host's."""
    talk = UtpTalk(*ENDS, (("orig", handshake(TORRENTS[1], b"a" * 20)), ("resp", handshake(TORRENTS[1], b"b" * 20))))
    sent = talk.datagrams()
    sent.insert(3, replace(sent[2], data=handshake(TORRENTS[2], b"a" * 20), time=sent[2].time + 1000))

    assert said(see(frames(talk.packets(sent)))) == said(whole([talk]))


@examples(25)
@given(talks=sockets(), port=st.sampled_from((53, 80, 443, 1024, 2152, 4789, 6771, 65_535)))
def test_ports_do_not_matter(talks: Talks, port: int) -> None:
    """UTP is known by its bytes: on the ports of DNS, the web and tunnels, too."""
    far = talks[0].server
    moved = [
        replace(talk, client=_moved(talk.client, far, port), server=_moved(talk.server, far, port)) for talk in talks
    ]

    assert _without_ports(whole(moved)) == _without_ports(whole(talks))


def test_connections_one_after_the_other_may_have_the_same_id() -> None:
    """A client that comes again begins anew: each connection has its own handshake and amounts."""
    answer = handshake(TORRENTS[1], b"b" * 20) + piece(0, 0, bytes(3000))
    first = UtpTalk(*ENDS, (("orig", handshake(TORRENTS[1], b"a" * 20)), ("resp", answer)), numbers=(1, 500))
    second = replace(first, numbers=(9000, 60_000), start=START + 5000 * MILLISECOND)

    seen = whole([first, second])

    assert [incident.conduct.downloaded for incident in audit(seen).incidents] == [6000]
    assert len([fact for fact in told(seen) if fact[4] == "bt.handshake"]) == 4


def test_what_is_drawn_is_seen() -> None:
    """None of these promises holds because nothing is seen: both handshakes, and both ends of the connection, are."""
    talk = UtpTalk(*ENDS, (("orig", handshake(TORRENTS[1], b"a" * 20)), ("resp", handshake(TORRENTS[1], b"b" * 20))))

    found = [o.fact for flow in whole([talk]).flows for o in flow.observations]

    assert [type(fact) for fact in found].count(Handshake) == 2
    assert [type(fact) for fact in found].count(Utp) == 2


def assert_nothing_added(seen: Sighting, talk: UtpTalk) -> None:
    """Handshakes are those of the whole, amounts at most what was sent."""
    handshakes = {(fact[:4], fact[6][1]) for fact in told(whole([talk])) if fact[4] == "bt.handshake"}
    for fact in told(seen):
        if fact[4] == "bt.handshake":
            assert (fact[:4], fact[6][1]) in handshakes
    for flow in seen.flows:
        for o in flow.observations:
            if isinstance(o.fact, Utp):
                assert o.fact.bytes <= max(len(talk.said("orig")), len(talk.said("resp")))
    sent = sum(len(data) for _, data in talk.turns)
    for incident in audit(seen).incidents:
        assert incident.conduct.downloaded <= sent
        assert incident.conduct.uploaded <= sent


def _moved(end: End, far: End, port: int) -> End:
    return replace(end, port=port) if end.port == far.port else end


def _without_ports(seen: Sighting) -> Gist:
    facts = sorted((src, dst, *rest) for src, _, dst, _, *rest in told(seen, everything_said=True))
    incidents = sorted(
        (str(i.conduct.host), i.conduct.participation.label, i.conduct.downloaded, i.conduct.uploaded)
        for i in audit(seen).incidents
    )
    return facts, incidents
