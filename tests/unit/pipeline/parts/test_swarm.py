"""What a peer connection shows of one host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.fact import Extended, Utp
from auditor.model.scale import AmountBasis, Confidence, Participation
from auditor.pipeline.part import ENDS, NOTHING, Part
from auditor.pipeline.parts import swarm
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    OUTSIDER,
    compared,
    connection,
    flow,
    observation,
    shake,
    talk,
)

if TYPE_CHECKING:
    from auditor.model.flow import End, Flow, Observation


def only(seen: Flow, end: End = "orig") -> Part:
    """Return the one part that a flow shows of an end."""
    [found] = swarm.of_flow(0, seen, end)
    return found


@pytest.mark.parametrize(
    ("observations", "participation", "confidence"),
    [
        ([shake("orig")], Participation.ATTEMPTED, Confidence.CONFIRMED),
        ([shake("resp")], Participation.CONTACTED, Confidence.SUSPECTED),
        ([shake("orig"), shake("resp")], Participation.CONNECTED, Confidence.CONFIRMED),
        ([shake("orig"), talk("orig", 1, 16384)], Participation.TRANSFERRED, Confidence.CONFIRMED),
        ([shake("orig"), shake("resp"), talk("resp", 1, 16384)], Participation.TRANSFERRED, Confidence.CONFIRMED),
        ([shake("orig"), shake("resp"), talk("orig"), talk("resp")], Participation.CONNECTED, Confidence.CONFIRMED),
        ([shake("resp"), talk("resp", 9, 9)], Participation.CONTACTED, Confidence.SUSPECTED),
    ],
)
def test_participation_rests_on_what_the_host_itself_sent(
    observations: list[Observation], participation: Participation, confidence: Confidence
) -> None:
    """The host's own handshake alone makes it more than contacted; an outsider's is never more than suspected."""
    found = only(flow(EMPLOYEE, OUTSIDER, observations))

    assert (found.participation, found.confidence) == (participation, confidence)


def test_each_end_has_its_own_view_of_one_flow() -> None:
    """What one end downloads the other uploads, and an unanswered handshake is an attempt here, a contact there."""
    seen = connection(EMPLOYEE, "10.20.0.6", down=32768, up=16384)
    attempt = flow(EMPLOYEE, "10.20.0.6", [shake("orig")])

    assert [only(seen, end).downloaded[0] for end in ENDS] == [32768, 16384]
    assert [only(seen, end).uploaded[0] for end in ENDS] == [16384, 32768]
    assert [only(attempt, end).participation.label for end in ENDS] == ["attempted", "contacted"]


def test_an_echo_of_a_handshake_says_nothing_of_who_sends_it_back() -> None:
    """An outsider who speaks to an echo server of ours hears itself: its own peer id comes back, and its pieces."""
    own = b"-qB4520-abcdefghijkl"
    said = [shake("orig", peer_id=own), talk("orig", 1, 16384), shake("resp", peer_id=own), talk("resp", 1, 16384)]

    echoing, hearing = only(flow(OUTSIDER, EMPLOYEE, said), "resp"), only(flow(EMPLOYEE, OUTSIDER, said), "orig")

    assert (echoing.participation, echoing.confidence) == (Participation.CONTACTED, Confidence.SUSPECTED)
    assert echoing.uploaded == NOTHING
    assert (hearing.participation, hearing.downloaded) == (Participation.TRANSFERRED, NOTHING)


def test_handshakes_with_different_infohashes_are_no_connection() -> None:
    """Each end's own handshake decides; what the other end says of another torrent belongs to that one alone."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM), shake("resp", DEBIAN), talk("resp", 5, 80000)])

    assert only(seen, "orig").wire == (FILM,)
    assert only(seen, "resp").wire == (DEBIAN,)
    assert only(seen).participation is Participation.ATTEMPTED
    assert only(seen).downloaded == NOTHING


def test_the_other_name_of_a_hybrid_torrent_is_the_peers_word() -> None:
    """Another name in the answer to an offer of the upgrade: no other torrent, and no proven name of this one."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM, upgrade=True), shake("resp", DEBIAN)])

    assert only(seen, "orig").wire == (FILM,)
    assert only(seen, "resp").wire == (DEBIAN,)
    assert only(seen, "orig").v1 == FILM
    assert only(seen, "resp").v1 is None
    assert only(seen).participation is Participation.CONNECTED


def test_a_responders_offer_does_not_join_two_torrents() -> None:
    """Only the initiator can offer the upgrade."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM), shake("resp", DEBIAN, upgrade=True)])

    assert only(seen).wire == (FILM,)
    assert only(seen).participation is Participation.ATTEMPTED


def test_amounts_are_of_pieces_or_say_that_they_are_not() -> None:
    """Where messages were missed, all payload of that direction is the amount, with the basis that says so."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig"), talk("orig", 1, 16384), talk("resp", 1, 16384, partial=True)])

    assert only(seen).uploaded == (16384, AmountBasis.PIECES)
    assert only(seen).downloaded == (2000, AmountBasis.FLOW)
    assert only(flow(EMPLOYEE, OUTSIDER, [shake("orig")])).downloaded == (0, AmountBasis.NONE)


def test_the_order_of_observations_does_not_matter() -> None:
    """Facts are taken in order of time, not of arrival."""
    seen = connection(EMPLOYEE, OUTSIDER, down=16384)

    found, turned = only(seen), only(seen._replace(observations=seen.observations[::-1]))

    assert turned._replace(frames=()) == found._replace(frames=())


def within(stream: int, *seen: Observation) -> list[Observation]:
    """What was seen in one uTP connection that the originator began."""
    syn = observation("bt.utp", "orig", Utp(began=True, bytes=400, lost=0))
    answer = observation("bt.utp", "resp", Utp(began=False, bytes=70000, lost=1))
    return [each._replace(stream=stream) for each in (*seen, syn, answer)]


def test_torrents_that_share_two_sockets_are_kept_apart() -> None:
    """Two peers keep a uTP connection for each torrent between the same two ports."""
    film = within(1, shake("orig", FILM), shake("resp", FILM), talk("resp", 4, 65536))
    debian = within(2, shake("orig", DEBIAN))

    found = list(swarm.of_flow(0, flow(EMPLOYEE, OUTSIDER, [*film, *debian], transport="udp"), "orig"))

    assert [(part.wire, part.participation.label) for part in found] == [
        ((FILM,), "transferred"),
        ((DEBIAN,), "attempted"),
    ]
    assert [part.downloaded for part in found] == [(65536, AmountBasis.PIECES), NOTHING]
    assert found[0].detectors == {"bt.handshake", "bt.messages", "bt.utp"}


def test_an_upper_bound_within_udp_counts_its_own_connection_alone() -> None:
    """A UDP flow carries the DHT and trackers too, and a part lasts as long as its own connection."""
    seen = within(1, shake("orig"), shake("resp"), talk("resp", 1, 16384, partial=True))

    found = only(flow(EMPLOYEE, OUTSIDER, seen, transport="udp", payload=(10**6, 10**9), lasting=10**15))

    assert found.downloaded == (70000, AmountBasis.FLOW)
    assert found.last - found.first < 10**15


def test_an_answer_to_a_strangers_connection_is_no_word_of_the_host() -> None:
    """Any uTP socket answers a SYN; without a handshake of its own the host is contacted, and that suspected."""
    seen = within(1, shake("orig"))

    found = only(flow(OUTSIDER, EMPLOYEE, seen, transport="udp"), "resp")

    assert (found.participation, found.confidence) == (Participation.CONTACTED, Confidence.SUSPECTED)


def test_who_began_a_utp_connection_may_offer_the_upgrade() -> None:
    """Its initiator need not be the flow's originator."""
    syn = observation("bt.utp", "resp", Utp(began=True, bytes=400, lost=0), stream=1)
    names = [shake("resp", FILM, upgrade=True), shake("orig", DEBIAN)]
    seen = [syn, *(each._replace(stream=1) for each in names)]

    assert only(flow(EMPLOYEE, OUTSIDER, seen, transport="udp"), "resp").v1 == FILM


def test_an_amount_is_verified_where_every_byte_of_it_is() -> None:
    """What was not compared, or is wrong, leaves an amount that was counted."""
    seen = connection(EMPLOYEE, OUTSIDER, down=32768, up=16384)

    found = only(seen._replace(verified=(compared("resp", 32768), compared("orig", 16000))))

    assert found.downloaded == (32768, AmountBasis.VERIFIED)
    assert found.uploaded == (16384, AmountBasis.PIECES)
    assert ([v.verified.bytes for v in found.received], [v.verified.bytes for v in found.sent]) == ([32768], [16000])


def test_pieces_of_another_torrent_or_stream_prove_nothing_here() -> None:
    """What the other end says of another torrent is nobody's download, and each uTP connection stands for itself."""
    other = flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM), shake("resp", DEBIAN), talk("resp", 1, 100)])
    tcp = connection(EMPLOYEE, OUTSIDER, down=100)

    assert only(other._replace(verified=(compared("resp", 100),))).received == ()
    assert only(tcp._replace(verified=(compared("resp", 100, stream=2),))).downloaded == (100, AmountBasis.PIECES)


def extended(end: End, client: bytes | None, *, stream: int = 0) -> Observation:
    """An extended handshake in which a client calls itself something."""
    fact = Extended(client, None, None, None, None, None, None, {})
    return observation("bt.extended", end, fact)._replace(stream=stream)


def test_a_host_is_known_by_what_its_own_client_says() -> None:
    """In its peer id and in its extended handshake of this stream; the other end's is the other's."""
    talked = [shake("orig"), shake("resp"), extended("orig", b"qBittorrent/4.5.2\x1b"), extended("resp", b"other")]
    found = only(flow(EMPLOYEE, OUTSIDER, [*talked, extended("orig", b"elsewhere", stream=1)]))

    assert found.clients == {"qBittorrent 4.5.2", "qBittorrent/4.5.2\\x1b"}
    assert str(found.peer) == OUTSIDER


def test_who_did_not_shake_hands_is_no_peer_and_has_no_client() -> None:
    """An attempt meets nobody; who was only contacted said nothing of its client."""
    attempted = only(flow(EMPLOYEE, OUTSIDER, [shake("orig"), extended("orig", None)]))
    contacted = only(flow(EMPLOYEE, OUTSIDER, [shake("resp"), extended("orig", b"x")]))

    assert (attempted.peer, attempted.clients) == (None, frozenset({"qBittorrent 4.5.2"}))
    assert (str(contacted.peer), contacted.clients) == (OUTSIDER, frozenset())
