"""What talk with trackers means for one host (BEP 3, 15, 48).

A host that announces itself says that it takes part; that it was answered makes it no more than that. What it claims to
have got and given is kept apart from what was measured. Nothing follows for a host that others ask, as a tracker or as
what they take for one: anyone can send it an announce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.client import name_client
from auditor.model.fact import TrackerAnnounce, TrackerScrape
from auditor.model.incident import Claimed
from auditor.model.scale import Participation
from auditor.pipeline.part import Part, of_observation, opposite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.fact import TrackerAnswer
    from auditor.model.flow import End, Flow

STOPPED = "stopped"


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield a part for each torrent that an end announced or asked numbers of."""
    tracker = flow.endpoint(opposite(end)).ip
    for seen in flow.observations:
        if seen.end != end:
            continue
        match seen.fact:
            case TrackerAnnounce() as told:
                part = of_observation(index, flow, end, seen, did=_participation(told), wire=(told.infohash.wire,))
                yield part._replace(
                    claimed=Claimed(told.first, told.last, told.completed),
                    tracker=tracker,
                    tracker_name=told.host,
                    clients=frozenset(filter(None, [name_client(told.peer_id)])),
                    swarm_size=_swarm_size(told.answer),
                )
            case TrackerScrape() as asked:
                for infohash in asked.infohashes:
                    part = of_observation(index, flow, end, seen, did=Participation.LOOKED_UP, wire=(infohash.wire,))
                    yield part._replace(tracker=tracker, tracker_name=asked.host)


def _swarm_size(answer: TrackerAnswer | None) -> int | None:
    """Return how many a tracker says there are, with and without all of it; else how many it named."""
    if answer is None or answer.failed:
        return None
    counts = [count for count in (answer.complete, answer.incomplete) if count is not None]
    return max(sum(counts), answer.peers) if counts or answer.peers else None


def _participation(told: TrackerAnnounce) -> Participation:
    """Weigh what a host told a tracker.

    Who only says that it stops asks for no peers and is named to none: it took part before, which was not seen. That it
    knows the torrent was.
    """
    if told.first.event == told.last.event == STOPPED:
        return Participation.LOOKED_UP
    return Participation.ANNOUNCED
