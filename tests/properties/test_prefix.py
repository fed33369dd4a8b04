"""What a part of a capture says, the whole does not take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.scale import Participation
from tests.build.capture import pcap, pcapng
from tests.properties.networks import networks
from tests.properties.seeing import audit, examples, see_files

if TYPE_CHECKING:
    from auditor.model.incident import Conduct
    from tests.properties.scenarios import Scenario

PROTOCOL = b"\x13BitTorrent protocol"


def is_borne_out(early: Conduct, late: Conduct) -> bool:
    """Whether ``late`` says at least what ``early`` does, of the same host and torrent."""
    return (
        is_of_the_same(early, late)
        and early.downloaded <= late.downloaded
        and early.uploaded <= late.uploaded
        and set(early.detectors) <= set(late.detectors)
        and early.first == late.first
        and early.last <= late.last
    )


def is_of_the_same(early: Conduct, late: Conduct) -> bool:
    """Whether ``late`` is as sure as ``early`` that the same host did as much in the same torrent."""
    names, more = (set(c.infohashes.wire) if c.infohashes else set() for c in (early, late))
    return (
        (early.kind, early.host) == (late.kind, late.host)
        and names <= more
        and early.participation <= late.participation
        and early.confidence <= late.confidence
    )


def has_dissent(scenario: Scenario) -> bool:
    """Whether somebody answers a handshake with another torrent's."""
    said = [[data[28:48] for _, data in talk.turns if data.startswith(PROTOCOL)] for talk in scenario.spoken()]
    return any(len(set(names)) > 1 for names in said)


@examples(50)
@given(scenario=networks(), share=st.floats(0, 1), ng=st.booleans())
def test_a_prefix_says_nothing_that_the_whole_does_not(scenario: Scenario, share: float, *, ng: bool) -> None:
    """Cut anywhere, in the middle of a record too, a capture says the same or "not yet".

    A host of which the cut capture knows only that an outsider spoke to it may turn out to have answered for another
    torrent: that it was merely contacted then no longer stands on its own, and beside what the host did in the first
    torrent it no longer adds the outsider's part.
    """
    borne_out = is_of_the_same if has_dissent(scenario) else is_borne_out
    content = (pcapng if ng else pcap)(scenario.frames())
    early = audit(see_files([content[: int(share * len(content))]]))
    late = audit(see_files([content]))

    for incident in early.incidents:
        if incident.conduct.participation > Participation.CONTACTED:
            assert any(borne_out(incident.conduct, other.conduct) for other in late.incidents), incident
