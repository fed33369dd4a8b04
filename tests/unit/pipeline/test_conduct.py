"""Facts folded into conducts."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.fact import Claim, Magnet, TorrentFile, TrackerAnnounce, TrackerAnswer
from auditor.model.incident import Claimed, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.conduct import IDLE, PROOF_FRAMES, TRACKER_NAMES, conducts
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    announce,
    connection,
    datagrams,
    flow,
    held_by,
    observation,
    shake,
    sighting,
    talk,
    target,
    tie,
    tied,
)

if TYPE_CHECKING:
    from auditor.model.capture import Sighting
    from auditor.model.flow import Address, Flow
    from auditor.model.incident import Conduct

V2 = Infohash(bytes([0xCC] * 32))


def is_inside(address: Address) -> bool:
    """10.0.0.0/8 is ours."""
    return address in ip_network("10.0.0.0/8")


by_address = held_by(lambda host: host.ip)
"""Each address has one holder."""


def unlisted(wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
    """No list knows any torrent."""
    del wire
    return None, None


def fold(seen: Sighting) -> list[Conduct]:
    """Fold with nothing known but the inside."""
    return conducts(seen, is_inside, by_address, unlisted)


def test_a_host_in_one_swarm_is_one_conduct() -> None:
    """However many flows, pieces add up, and the strongest participation is told."""
    seen = sighting(
        [
            connection(EMPLOYEE, OUTSIDER, down=16384),
            connection(EMPLOYEE, STRANGER, down=32768, up=16384, at=NINE + 90 * SECOND),
            flow(EMPLOYEE, STRANGER, [shake("orig")], ports=(51001, 6882)),
        ]
    )

    [conduct] = fold(seen)

    assert (conduct.downloaded, conduct.uploaded) == (49152, 16384)
    assert conduct.participation is Participation.TRANSFERRED
    assert (conduct.first, conduct.last) == (NINE, NINE + 150 * SECOND)
    assert conduct.remote_ports == (6881, 6882)
    assert conduct.flows == (0, 1, 2)


def test_each_torrent_and_each_host_is_a_conduct_of_its_own() -> None:
    """Two torrents of one host, and one torrent of two hosts, are not one thing."""
    seen = sighting([connection(EMPLOYEE, OUTSIDER, FILM), connection(EMPLOYEE, OUTSIDER, DEBIAN)])
    both = sighting([connection(EMPLOYEE, GUEST, FILM)])

    assert [c.infohashes.wire for c in fold(seen) if c.infohashes] == [(DEBIAN,), (FILM,)]
    assert [str(c.host) for c in fold(both)] == [EMPLOYEE, GUEST]


def test_six_idle_hours_end_a_conduct() -> None:
    """Exactly six do not, a nanosecond more does."""
    first = connection(EMPLOYEE, OUTSIDER)
    in_time = connection(EMPLOYEE, OUTSIDER, at=first.last + IDLE)
    too_late = connection(EMPLOYEE, OUTSIDER, at=first.last + IDLE + 1)

    assert len(fold(sighting([first, in_time]))) == 1
    assert len(fold(sighting([first, too_late]))) == 2


def test_a_long_flow_keeps_a_conduct_alive() -> None:
    """Idle is since the latest end of any flow, not of the flow that began last."""
    long = connection(EMPLOYEE, OUTSIDER)._replace(last=NINE + 2 * IDLE)
    short = connection(EMPLOYEE, OUTSIDER, at=NINE + SECOND)
    late = connection(EMPLOYEE, OUTSIDER, at=NINE + 2 * IDLE)

    assert len(fold(sighting([long, short, late]))) == 1


def test_a_new_holder_of_an_address_begins_a_new_conduct() -> None:
    """An incident ends when the attribution changes."""
    one = connection(EMPLOYEE, OUTSIDER)
    other = one._replace(first=one.first + SECOND, orig=one.orig._replace(mac="52:54:00:00:00:02"))

    assert len(conducts(sighting([one, other]), is_inside, held_by(lambda host: host.mac), unlisted)) == 2
    assert len(fold(sighting([one, other]))) == 1


def test_vantage_points_are_kept_apart() -> None:
    """What two vantage points saw is counted for each."""
    one = connection(EMPLOYEE, OUTSIDER)

    assert [c.vantage for c in fold(sighting([one, one._replace(vantage="lab")]))] == ["default", "lab"]


def test_a_dht_announce_joins_the_swarm_of_its_infohash() -> None:
    """The same host and infohash are one conduct, wherever it was read; the DHT itself stays a conduct of its own."""
    seen = sighting(
        [flow(EMPLOYEE, OUTSIDER, [shake("orig")])], [activity(EMPLOYEE, announced=[target(FILM), target(DEBIAN)])]
    )

    found = {(c.kind, c.infohashes.wire if c.infohashes else ()): c for c in fold(seen)}

    assert found["swarm", (FILM,)].participation is Participation.ANNOUNCED
    assert found["swarm", (FILM,)].detectors == ("bt.dht", "bt.handshake")
    assert found["swarm", (DEBIAN,)].participation is Participation.ANNOUNCED
    assert found["dht", ()].participation is Participation.PRESENT
    assert all(c.activities == (0,) for c in found.values())


def test_asking_for_flows_of_the_dht_changes_nothing_but_the_flows() -> None:
    """--all-flows lists more; it finds no more."""
    talks = [activity(EMPLOYEE, lasting=60 * SECOND)]
    flows = [flow(EMPLOYEE, OUTSIDER, [datagrams("orig"), datagrams("resp")], transport="udp", ports=(6881, 6881))]

    [without] = fold(sighting([], talks))
    [with_flows] = fold(sighting(flows, talks))

    assert with_flows.flows == (0,)
    assert with_flows._replace(flows=()) == without


def test_without_an_inside_end_the_originator_is_told() -> None:
    """BitTorrent between strangers is still reported, once."""
    assert [str(c.host) for c in fold(sighting([connection(OUTSIDER, STRANGER)]))] == [OUTSIDER]


def test_the_weakest_basis_of_an_amount_is_told() -> None:
    """One direction that could not be counted taints the sum; one that had no messages does not."""
    counted = connection(EMPLOYEE, OUTSIDER, down=16384)
    missed = flow(EMPLOYEE, STRANGER, [shake("orig"), shake("resp"), talk("resp", 1, 16384, partial=True)])
    attempt = flow(EMPLOYEE, STRANGER, [shake("orig")])

    assert [c.amount_basis for c in fold(sighting([counted, attempt]))] == [AmountBasis.PIECES]
    assert [c.amount_basis for c in fold(sighting([counted, missed]))] == [AmountBasis.FLOW]
    assert [c.amount_basis for c in fold(sighting([attempt]))] == [AmountBasis.NONE]


def test_contact_by_an_outsider_borrows_no_confidence() -> None:
    """An outsider's handshake beside the host's own lookup leaves the lookup: what is surest is told."""
    seen = sighting([flow(OUTSIDER, EMPLOYEE, [shake("orig")])], [activity(EMPLOYEE, looked_up=[target(FILM)])])

    [swarm] = [c for c in fold(seen) if c.kind == "swarm"]

    assert (swarm.participation, swarm.confidence) == (Participation.LOOKED_UP, Confidence.CONFIRMED)


def test_a_peers_word_joins_no_torrents() -> None:
    """An answer to the offer of a hybrid may have any name: metadata, a torrent file or a list ties two of them."""
    seen = sighting(
        [
            connection(EMPLOYEE, STRANGER, DEBIAN, at=NINE + 5 * SECOND),
            flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM, upgrade=True), shake("resp", DEBIAN)]),
            connection(EMPLOYEE, STRANGER, FILM, at=NINE + 9 * SECOND),
        ]
    )

    found = [c.infohashes for c in fold(seen) if c.infohashes is not None]

    assert [(names.wire, names.v1) for names in found] == [((FILM,), FILM), ((DEBIAN,), None)]


def test_one_hosts_stranger_does_not_join_another_hosts_torrents() -> None:
    """What ties two names may have been said by an outsider; it holds for that host alone."""
    seen = sighting(
        [
            flow(GUEST, OUTSIDER, [shake("orig", FILM, upgrade=True), shake("resp", DEBIAN)]),
            connection(EMPLOYEE, OUTSIDER, FILM),
            connection(EMPLOYEE, OUTSIDER, DEBIAN),
        ]
    )

    assert len([c for c in fold(seen) if str(c.host) == EMPLOYEE]) == 2


def test_a_listed_hybrid_is_one_torrent_under_either_name() -> None:
    """A list that knows both infohashes joins flows that used one each, and fills in both."""

    def listed(wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
        return (FILM, V2) if wire in (FILM, V2.wire) else (None, None)

    seen = sighting([connection(EMPLOYEE, OUTSIDER, FILM), connection(EMPLOYEE, OUTSIDER, V2.wire)])

    [conduct] = conducts(seen, is_inside, by_address, listed)

    assert conduct.infohashes is not None
    assert (conduct.infohashes.v1, conduct.infohashes.v2) == (FILM, V2)


def test_the_proof_is_bounded_and_begins_with_the_strongest() -> None:
    """However many attempts there were, the frames of the transfer are among the proof."""
    attempts = [
        flow(EMPLOYEE, OUTSIDER, [shake("orig", frame=100 + n)], ports=(40000 + n, 6881)) for n in range(PROOF_FRAMES)
    ]
    transfer = connection(EMPLOYEE, OUTSIDER, down=16384)

    [conduct] = fold(sighting([*attempts, transfer]))

    assert len(conduct.frames) == PROOF_FRAMES
    assert {o.frames[0] for o in transfer.observations} <= set(conduct.frames)


def test_a_frame_that_proves_two_things_is_named_once() -> None:
    """One segment may hold a handshake and a message; who counts frames counts segments."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig", frame=7), shake("resp", frame=9), talk("resp", 1, 16384)])

    [conduct] = fold(sighting([seen]))

    assert [number for _, number in conduct.frames] == [7, 9]


def test_a_frame_that_several_parts_share_takes_room_once() -> None:
    """As many different frames are kept as there is room for."""
    shared = [
        flow(EMPLOYEE, OUTSIDER, [shake("orig", frame=100 + n), shake("resp", frame=7)], ports=(40000 + n, 6881))
        for n in range(PROOF_FRAMES - 1)
    ]

    [conduct] = fold(sighting(shared))

    assert [number for _, number in conduct.frames] == [7, *range(100, 100 + PROOF_FRAMES - 1)]


FLOWS = [
    connection(EMPLOYEE, OUTSIDER, FILM, down=16384),
    connection(EMPLOYEE, STRANGER, FILM, up=16384),
    connection(OUTSIDER, EMPLOYEE, DEBIAN),
    flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM, upgrade=True), shake("resp", DEBIAN)], ports=(1, 2)),
    flow(OUTSIDER, GUEST, [shake("orig")]),
    connection(GUEST, EMPLOYEE, FILM, at=NINE + 7 * IDLE),
    flow(EMPLOYEE, OUTSIDER, [datagrams("orig")], transport="udp"),
    connection("fd00::5", "2001:db8::7", FILM),
]


@given(st.permutations(range(len(FLOWS))))
def test_the_order_of_flows_does_not_matter(order: list[int]) -> None:
    """Shards hand flows over in any order; the conducts are the same but for the flows' indexes."""

    def told(flows: list[Flow]) -> list[Conduct]:
        return [c._replace(flows=()) for c in conducts(sighting(flows), lambda a: a.is_private, by_address, unlisted)]

    assert told([FLOWS[index] for index in order]) == told(FLOWS)


def test_what_a_host_claims_is_first_and_last_whichever_tracker_it_told() -> None:
    """Claims stand apart from amounts, which stay unmeasured."""
    began, went_on = Claim("started", 0, 0, 1000), Claim("completed", 1000, 10, 0)
    flows = [
        flow(EMPLOYEE, STRANGER, [announce("orig", last=went_on, first=went_on, completed=True, at=NINE + SECOND)]),
        flow(EMPLOYEE, OUTSIDER, [announce("orig", first=began, at=NINE)]),
    ]

    [conduct] = fold(sighting(flows))

    assert conduct.claimed == Claimed(began, went_on, completed=True)
    assert (conduct.participation, conduct.amount_basis) == (Participation.ANNOUNCED, AmountBasis.NONE)


def test_a_torrent_file_joins_the_two_names_of_a_hybrid() -> None:
    """Its infohashes are computed from one and the same info dict."""
    file = observation("bt.torrent_file", "resp", TorrentFile(FILM, V2, b"", private=False))
    flows = [flow(EMPLOYEE, OUTSIDER, [file]), connection(EMPLOYEE, STRANGER, V2.wire)]

    [conduct] = fold(sighting(flows))

    assert conduct.infohashes == Infohashes((FILM, V2.wire), FILM, V2, Basis.READ)
    assert conduct.participation is Participation.CONNECTED


def test_a_magnet_link_is_told_beside_others_alone() -> None:
    """A page with a link makes no conduct, and adds to one nothing but where it stood."""
    link = observation("bt.torrent_file", "resp", Magnet(FILM, None, "page"), at=NINE - 60 * SECOND)
    page, swarm = flow(EMPLOYEE, OUTSIDER, [link]), connection(EMPLOYEE, STRANGER, FILM)

    assert fold(sighting([page])) == []
    assert fold(sighting([swarm, page])) == [c._replace(flows=(0, 1)) for c in fold(sighting([swarm]))]


def test_an_inferred_part_joins_the_swarm_that_was_read() -> None:
    """What the host did is said with the confidence of the flow that shows it; the torrent was read all the same."""
    encrypted = tied(EMPLOYEE, OUTSIDER, tie(FILM), payload=(1000, 1 << 20), at=NINE + SECOND)

    [found] = fold(sighting([flow(EMPLOYEE, STRANGER, [shake("orig")]), encrypted]))
    [alone] = fold(sighting([encrypted]))

    assert (found.participation, found.confidence) == (Participation.TRANSFERRED, Confidence.LIKELY)
    assert found.infohashes == alone.infohashes._replace(basis=Basis.READ) if alone.infohashes else False
    assert (found.downloaded, found.amount_basis, found.flows) == (1 << 20, AmountBasis.FLOW, (0, 1))
    assert alone.infohashes is not None
    assert alone.infohashes.basis is Basis.INFERRED


def test_what_is_suspected_never_outweighs_what_was_read() -> None:
    """It has an incident of its own, about no torrent."""
    suspected = tied(EMPLOYEE, OUTSIDER, tie(), payload=(1000, 1 << 20), at=NINE + SECOND)

    swarm, encrypted = fold(sighting([flow(EMPLOYEE, STRANGER, [shake("orig")]), suspected]))

    assert (swarm.kind, swarm.participation, swarm.confidence) == (
        "swarm",
        Participation.ATTEMPTED,
        Confidence.CONFIRMED,
    )
    assert (encrypted.kind, encrypted.infohashes) == ("encrypted", None)
    assert (encrypted.participation, encrypted.confidence) == (Participation.TRANSFERRED, Confidence.SUSPECTED)


def test_candidates_make_one_incident_each_set() -> None:
    """Flows that may be about the same torrents are one, and their names are not taken for one torrent's."""
    flows = [tied(EMPLOYEE, OUTSIDER, tie(DEBIAN, FILM), at=NINE + at * SECOND) for at in range(3)]

    both, film = fold(sighting([*flows, tied(EMPLOYEE, STRANGER, tie(FILM), at=NINE + 9 * SECOND)]))

    assert (both.kind, both.flows, film.kind, film.flows) == ("encrypted", (0, 1, 2), "swarm", (3,))
    assert both.infohashes == Infohashes((DEBIAN, FILM), None, None, Basis.INFERRED)
    assert film.infohashes == Infohashes((FILM,), None, None, Basis.INFERRED)


def test_a_swarm_is_as_large_as_the_host_could_know() -> None:
    """By the peers that it met, each once, or by what a tracker told; where neither is known, unknown."""
    told = announce("orig")
    assert isinstance(told.fact, TrackerAnnounce)
    answer = TrackerAnswer(1800, 1, 1, 0, failed=False)
    asked = flow(EMPLOYEE, STRANGER, [told._replace(fact=told.fact._replace(answer=answer))])
    met = [connection(EMPLOYEE, OUTSIDER), connection(EMPLOYEE, OUTSIDER), connection(EMPLOYEE, STRANGER)]

    def size(*flows: Flow) -> int | None:
        [found] = [c for c in fold(sighting(flows)) if str(c.host) == EMPLOYEE]
        return found.swarm_size

    assert [size(asked, *met[:2]), size(asked, *met), size(*met)] == [2, 2, 2]
    assert size(*met[:2]) == 1
    assert size(flow(EMPLOYEE, OUTSIDER, [shake("orig")])) is None


def test_a_conduct_has_its_clients_and_trackers_once() -> None:
    """In order, whatever the order of the flows."""
    flows = [flow(EMPLOYEE, STRANGER, [announce("orig")]), flow(EMPLOYEE, OUTSIDER, [announce("orig")])]
    [found] = fold(sighting([*flows, connection(EMPLOYEE, OUTSIDER)]))
    assert found.clients == ("qBittorrent 4.5.2",)
    assert found.trackers == tuple(sorted({(STRANGER,), (OUTSIDER,)}))


def test_trackers_are_named_as_the_host_asked_for_them() -> None:
    """Beside their addresses; of very many, the first in order, and the addresses of all."""

    def asked(ip: str, name: str | None) -> Flow:
        told = announce("orig")
        assert isinstance(told.fact, TrackerAnnounce)
        return flow(EMPLOYEE, ip, [told._replace(fact=told.fact._replace(host=name))])

    few = [asked(OUTSIDER, "t.example"), asked(OUTSIDER, "t.example"), asked(STRANGER, STRANGER)]
    [found] = fold(sighting(few))
    assert found.trackers == tuple(sorted([(OUTSIDER, "t.example"), (STRANGER,)]))

    [found] = fold(sighting([asked(OUTSIDER, f"{number:02}.example") for number in reversed(range(40))]))
    assert found.trackers == ((OUTSIDER,), *((OUTSIDER, f"{number:02}.example") for number in range(TRACKER_NAMES)))
