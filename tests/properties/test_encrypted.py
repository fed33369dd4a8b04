"""What ties an encrypted flow was seen in others. Which file holds them, and which worker saw them, changes nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.bittorrent import get_peers, peers_reply
from tests.build.capture import pcap
from tests.build.encrypted import FLIGHTS, UNTELLING, obfuscated
from tests.build.frames import MILLISECOND, START, End, Side
from tests.build.trackers import announced
from tests.properties.scenarios import INSIDE, TORRENTS, Scenario, assemble, dht_talks, handshake_of
from tests.properties.seeing import audit, everything, examples, see, see_files
from tests.properties.talks import Exchange, Talk, Turn
from tests.properties.test_files import what

ENDS: tuple[Side, Side] = ("orig", "resp")
HOSTS = [ip for ip in INSIDE if ":" not in ip]
PEERS = [End(f"198.51.100.{number}", port) for number in range(1, 13) for port in (6881, 443)]
TELLERS = [End("203.0.113.1", 6969), End("192.0.2.9", 6881), End("192.0.2.77", 6881)]


@st.composite
def told(draw: st.DrawFn, number: int) -> Exchange:
    """Draw how a host learns of peers: from a tracker or from a node of the DHT."""
    host = End(draw(st.sampled_from(HOSTS[:2])), 7000 + number)
    teller, torrent = draw(st.sampled_from(TELLERS)), draw(st.sampled_from(TORRENTS[:2]))
    peers = draw(st.lists(st.sampled_from(PEERS), min_size=1, max_size=8, unique=True))
    values = [(peer.packed, peer.port) for peer in peers]
    turns: list[Turn] = [("orig", get_peers(b"a" * 20, torrent)), ("resp", peers_reply(b"b" * 20, values))]
    if teller.port == TELLERS[0].port:
        turns = announced(torrent, peers, host.port)
    return Exchange(host, teller, tuple(turns), start=START + draw(st.integers(0, 200)) * MILLISECOND)


@st.composite
def encrypted(draw: st.DrawFn, number: int) -> list[Talk]:
    """Draw an encrypted connection, some after one in clear that was refused, some from a peer to the host."""
    host, peer = End(draw(st.sampled_from(HOSTS[:2])), 50_000 + number), draw(st.sampled_from(PEERS))
    start = START + draw(st.integers(0, 400)) * MILLISECOND
    flights = obfuscated(number, draw(st.sampled_from((FLIGHTS, UNTELLING, (*FLIGHTS, 9_000)))))
    match draw(st.integers(0, 3)):
        case 0:
            hello: tuple[Turn, ...] = (("orig", handshake_of(TORRENTS[3], 1)),)
            closer = draw(st.sampled_from(ENDS))
            tried = Talk(End(host.ip, 40_000 + number), peer, hello, start=start, closer=closer)
            return [tried, Talk(host, peer, tuple(flights), start=start + 300 * MILLISECOND)]
        case 1:
            return [Talk(End(peer.ip, 60_000 + number), End(host.ip, 6881), tuple(flights), start=start)]
        case _:
            return [Talk(host, peer, tuple(flights), start=start)]


@st.composite
def scenes(draw: st.DrawFn) -> Scenario:
    """Draw hosts that learn of peers and speak with some, encrypted; other hosts are in the DHT."""
    tellings = [draw(told(number)) for number in range(draw(st.integers(0, 5)))]
    talks = [talk for number in range(draw(st.integers(1, 14))) for talk in draw(encrypted(number))]
    return assemble([*tellings, *talks, *draw(dht_talks())])


@pytest.mark.parametrize("jobs", [2, 3])
@examples(30)
@given(scene=scenes())
def test_jobs_do_not_change_what_is_tied(jobs: int, scene: Scenario) -> None:
    """Whoever saw the naming and whoever saw the flow, they meet."""
    frames = scene.frames()

    assert what(see(frames, jobs=jobs)) == what(see(frames))


@examples(30)
@given(scene=scenes(), data=st.data())
def test_cuts_into_files_do_not_change_what_is_tied(scene: Scenario, data: st.DataObject) -> None:
    """A naming in one file ties a flow in the next."""
    frames = scene.frames()
    places = data.draw(st.lists(st.integers(0, len(frames)), max_size=5).map(sorted), label="cuts")
    parts = [frames[low:high] for low, high in itertools.pairwise([0, *places, len(frames)])]

    assert everything(see_files([pcap(part) for part in parts])) == everything(see(frames))


@examples(60)
@given(scene=scenes())
def test_encrypted_talk_is_never_confirmed_and_only_of_those_who_were_told_or_tried(scene: Scenario) -> None:
    """Nothing in it says so: what makes it likely, or names a torrent, was seen in clear."""
    result = audit(see(scene.frames()))
    tried = {(talk.client.ip, talk.server) for talk in scene.talks if talk.turns[0][1].startswith(b"\x13BitTorrent")}
    learners = {exchange.client.ip for exchange in scene.exchanges} | {host for host, _ in tried}

    for judged in result.flows:
        for tie in judged.flow.ties:
            assert tie.confidence.label in ("likely", "suspected")
            assert bool(tie.infohashes) == (tie.confidence.label == "likely")
            host, peer = judged.flow.endpoint(tie.end), judged.flow.resp
            assert str(host.ip) in learners or not tie.infohashes
            if tie.is_retry:
                assert (str(host.ip), End(str(peer.ip), peer.port)) in tried
