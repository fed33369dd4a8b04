"""What a host fetched over HTTP shows of it."""

from __future__ import annotations

import pytest

from auditor.model.fact import Magnet, TorrentFile, WebSeed
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import NOTHING
from auditor.pipeline.parts import fetch
from tests.build.sighting import DEBIAN, EMPLOYEE, FILM, OUTSIDER, flow, observation

V2 = Infohash(bytes([0xCC] * 32))
FILE = observation("bt.torrent_file", "resp", TorrentFile(FILM, V2, b"film", private=False))


def test_a_torrent_file_is_looked_up_under_both_its_names() -> None:
    """They are computed from the file's own bytes, so they are one torrent."""
    [found] = fetch.of_flow(0, flow(EMPLOYEE, OUTSIDER, [FILE]), "orig")

    assert (found.participation, found.confidence) == (Participation.LOOKED_UP, Confidence.CONFIRMED)
    assert (found.wire, found.v1, found.v2) == ((FILM, V2.wire), FILM, V2)


def test_a_file_sent_to_a_host_that_was_not_seen_to_speak_is_contact() -> None:
    """Where the host's direction was not captured, nothing shows that it asked."""
    [found] = fetch.of_flow(0, flow(EMPLOYEE, OUTSIDER, [FILE], payload=(0, 900)), "orig")

    assert (found.participation, found.confidence) == (Participation.CONTACTED, Confidence.SUSPECTED)


def test_nothing_follows_for_a_server_that_others_ask() -> None:
    """An outsider chooses what to ask an inside web server for."""
    asked = observation("bt.webseed", "orig", WebSeed(FILM, 5000))

    assert list(fetch.of_flow(0, flow(OUTSIDER, EMPLOYEE, [FILE, asked]), "resp")) == []


@pytest.mark.parametrize(
    ("count", "participation", "downloaded"),
    [(5000, Participation.TRANSFERRED, (5000, AmountBasis.FLOW)), (0, Participation.ATTEMPTED, NOTHING)],
)
def test_pieces_of_a_web_seed_are_transferred_if_any_came(
    count: int, participation: Participation, downloaded: tuple[int, AmountBasis]
) -> None:
    """What came is not checked to be pieces: an upper bound."""
    asked = observation("bt.webseed", "orig", WebSeed(FILM, count))

    [found] = fetch.of_flow(0, flow(EMPLOYEE, OUTSIDER, [asked]), "orig")

    assert (found.participation, found.downloaded, found.uploaded) == (participation, downloaded, NOTHING)


def test_a_torrent_known_by_the_address_alone_is_inferred() -> None:
    """The request does not name it: a torrent file that passed does."""
    asked = observation("bt.webseed", "orig", WebSeed(FILM, 5000))._replace(confidence=Confidence.LIKELY)

    [found] = fetch.of_flow(0, flow(EMPLOYEE, OUTSIDER, [asked]), "orig")

    assert (found.confidence, found.basis) == (Confidence.LIKELY, Basis.INFERRED)
    assert found.participation is Participation.TRANSFERRED


@pytest.mark.parametrize(("sender", "place"), [("resp", "page"), ("resp", "location"), ("orig", "referer")])
def test_a_magnet_link_stands_aside_and_joins_no_names(sender: str, place: str) -> None:
    """Who wrote it may have named two torrents in one."""
    link = observation("bt.torrent_file", "resp" if sender == "resp" else "orig", Magnet(DEBIAN, V2, place))
    seen = flow(EMPLOYEE, OUTSIDER, [link])

    found = list(fetch.of_flow(0, seen, "orig"))

    assert [(part.wire, part.aside) for part in found] == [((DEBIAN,), True), ((V2.wire,), True)]
    assert {(part.participation, part.confidence) for part in found} == {
        (Participation.CONTACTED, Confidence.SUSPECTED)
    }
    assert list(fetch.of_flow(0, seen, "resp")) == []
