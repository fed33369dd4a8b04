"""What an encrypted flow means for the hosts to which it was tied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.fact import Utp
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import NOTHING
from auditor.pipeline.parts import encrypted
from auditor.pipeline.parts.encrypted import TRANSFER
from tests.build.sighting import DEBIAN, EMPLOYEE, FILM, GUEST, OUTSIDER, flow, observation, tie, tied
from tests.build.sighting import encrypted as flights

if TYPE_CHECKING:
    from auditor.model.infohash import Infohash


def test_a_likely_flow_with_one_candidate_is_of_that_swarm() -> None:
    """What it is about was inferred, and it is as sure as the tie."""
    [found] = encrypted.of_flow(3, tied(EMPLOYEE, OUTSIDER, tie(FILM)), "orig")

    assert (found.kind, found.wire, found.candidates, found.basis) == ("swarm", (FILM,), (), Basis.INFERRED)
    assert (found.confidence, found.participation) == (Confidence.LIKELY, Participation.CONNECTED)
    assert (found.flow, found.detectors, found.remote_port) == (3, frozenset({"bt.mse"}), 6881)
    assert (found.downloaded, found.uploaded) == (NOTHING, NOTHING)


@pytest.mark.parametrize("candidates", [(DEBIAN, FILM), ()])
def test_where_no_one_torrent_is_told_none_is_chosen(candidates: tuple[Infohash, ...]) -> None:
    """Several candidates are all kept, and at host level there is none."""
    [found] = encrypted.of_flow(0, tied(EMPLOYEE, OUTSIDER, tie(*candidates)), "orig")

    assert (found.kind, found.wire, found.candidates) == ("encrypted", (), candidates)
    assert found.confidence is (Confidence.LIKELY if candidates else Confidence.SUSPECTED)


def test_what_passes_without_pieces_is_no_transfer() -> None:
    """A bitfield and metadata are not content; what is beyond them counts whole, and is said to be an upper bound."""
    less = tied(EMPLOYEE, OUTSIDER, tie(FILM), payload=(TRANSFER, TRANSFER))
    more = tied(EMPLOYEE, OUTSIDER, tie(FILM), payload=(1000, TRANSFER + 1))

    [below], [above] = encrypted.of_flow(0, less, "orig"), encrypted.of_flow(0, more, "orig")

    assert (below.participation, below.downloaded) == (Participation.CONNECTED, NOTHING)
    assert above.participation is Participation.TRANSFERRED
    assert above.downloaded == (TRANSFER + 1, AmountBasis.FLOW)
    assert above.uploaded == (1000, AmountBasis.FLOW)


def test_a_suspected_flow_that_an_outsider_began_is_a_contact() -> None:
    """Anyone can knock; that the host answered says little where nothing says that it is about a torrent."""
    inbound = tie(end="resp", outgoing=False)
    [found] = encrypted.of_flow(0, tied(OUTSIDER, EMPLOYEE, inbound, payload=(0, 9 * TRANSFER)), "resp")

    assert (found.participation, found.confidence) == (Participation.CONTACTED, Confidence.SUSPECTED)
    assert (found.uploaded, found.port) == (NOTHING, 6881)


def test_each_end_has_its_own_ties() -> None:
    """Of two inside hosts, one may have been told of the other."""
    between = tied(EMPLOYEE, GUEST, tie(FILM))

    assert list(encrypted.of_flow(0, between, "resp")) == []
    assert len(list(encrypted.of_flow(0, between, "orig"))) == 1


def test_of_a_udp_flow_only_the_connections_that_are_meant_count() -> None:
    """One socket carries connections from either end, and the DHT."""
    observations = []
    for stream, began, sent in [(1, "orig", 9 * TRANSFER), (2, "resp", 500)]:
        for end in ("orig", "resp"):
            utp = observation("bt.utp", end, Utp(end == began, sent, 0), stream=stream)
            observations += [utp._replace(confidence=Confidence.SUSPECTED), flights(end)._replace(stream=stream)]
    outgoing, incoming = tie(FILM), tie(DEBIAN, outgoing=False)
    socket = flow(EMPLOYEE, OUTSIDER, observations, transport="udp", payload=(1 << 30, 1 << 30))
    socket = socket._replace(ties=(outgoing, incoming))

    out, back = encrypted.of_flow(0, socket, "orig")

    assert (out.wire, out.participation, out.uploaded[0]) == ((FILM,), Participation.TRANSFERRED, 9 * TRANSFER)
    assert (back.wire, back.participation, back.uploaded[0]) == ((DEBIAN,), Participation.CONNECTED, 0)
    assert out.detectors == {"bt.mse", "bt.utp"}
