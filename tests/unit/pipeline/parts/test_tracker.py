"""What talk with a tracker shows of one host."""

from __future__ import annotations

import pytest

from auditor.model.fact import Claim, TrackerAnnounce, TrackerAnswer, TrackerScrape
from auditor.model.incident import Claimed
from auditor.model.scale import Confidence, Participation
from auditor.pipeline.part import NOTHING
from auditor.pipeline.parts import tracker
from tests.build.sighting import DEBIAN, EMPLOYEE, FILM, OUTSIDER, announce, flow, observation

STARTED = Claim("started", 0, 0, 1000)
REGULAR = Claim("regular", 600, 20, 400)
STOPPED = Claim("stopped", 1000, 50, 0)


def test_an_announce_is_one_and_its_claims_are_not_amounts() -> None:
    """What a client says of itself stands apart from what was measured."""
    seen = flow(EMPLOYEE, OUTSIDER, [announce("orig", first=STARTED, last=REGULAR)], ports=(50000, 80))

    [found] = tracker.of_flow(0, seen, "orig")

    assert (found.participation, found.confidence) == (Participation.ANNOUNCED, Confidence.CONFIRMED)
    assert (found.wire, found.remote_port) == ((FILM,), 80)
    assert (found.downloaded, found.uploaded) == (NOTHING, NOTHING)
    assert found.claimed == Claimed(STARTED, REGULAR, completed=False)


@pytest.mark.parametrize(
    ("first", "last", "participation"),
    [
        (STARTED, STARTED, Participation.ANNOUNCED),
        (STARTED, STOPPED, Participation.ANNOUNCED),
        (STOPPED, STARTED, Participation.ANNOUNCED),
        (STOPPED, STOPPED, Participation.LOOKED_UP),
    ],
)
def test_who_only_stops_does_not_announce(first: Claim, last: Claim, participation: Participation) -> None:
    """A goodbye asks for no peers and is named to none."""
    [found] = tracker.of_flow(0, flow(EMPLOYEE, OUTSIDER, [announce("orig", first=first, last=last)]), "orig")

    assert found.participation is participation


def test_a_scrape_looks_each_torrent_up() -> None:
    """Indexers ask for numbers too."""
    asked = observation("bt.tracker.http", "orig", TrackerScrape((FILM, DEBIAN), answered=True, host="t.example"))

    found = list(tracker.of_flow(0, flow(EMPLOYEE, OUTSIDER, [asked]), "orig"))

    assert [(part.wire, part.participation) for part in found] == [
        ((FILM,), Participation.LOOKED_UP),
        ((DEBIAN,), Participation.LOOKED_UP),
    ]
    assert {part.claimed for part in found} == {None}
    assert {part.tracker_name for part in found} == {"t.example"}


def test_an_inside_tracker_is_not_told_of_by_those_who_ask_it() -> None:
    """Anyone can send an announce to an inside server."""
    assert list(tracker.of_flow(0, flow(OUTSIDER, EMPLOYEE, [announce("orig")]), "resp")) == []


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (None, None),
        (TrackerAnswer(1800, 7, 5, 3, failed=False), 12),
        (TrackerAnswer(1800, None, 5, 9, failed=False), 9),
        (TrackerAnswer(1800, None, None, 9, failed=False), 9),
        (TrackerAnswer(1800, None, None, 0, failed=False), None),
        (TrackerAnswer(None, 7, 5, 3, failed=True), None),
        (TrackerAnswer(1800, 0, 0, 0, failed=False), 0),
    ],
)
def test_a_tracker_says_how_many_there_are(answer: TrackerAnswer | None, size: int | None) -> None:
    """Or at least names some; which tracker it was, and by which client it was asked, is known as well."""
    told = announce("orig")
    assert isinstance(told.fact, TrackerAnnounce)
    told = told._replace(fact=told.fact._replace(answer=answer))

    [found] = tracker.of_flow(0, flow(EMPLOYEE, OUTSIDER, [told]), "orig")

    assert (found.swarm_size, str(found.tracker), found.clients) == (size, OUTSIDER, frozenset({"qBittorrent 4.5.2"}))
