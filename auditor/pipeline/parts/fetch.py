"""What torrent files, magnet links and web seeds mean for the host that asked for them over HTTP (BEP 3, 9, 17, 19).

Nothing follows for a host that others ask: any web server answers whoever asks it for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import Magnet, TorrentFile, WebSeed, names
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.pipeline.part import CONTACTED, ENDS, Part, of_observation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.flow import End, Flow, Observation

REFERER = "referer"
"""The place of a magnet link that the client itself names; any other was sent to it."""


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield what an end asked for."""
    for seen in flow.observations:
        match seen.fact:
            case TorrentFile() as file if seen.end != end:
                yield _file(index, flow, end, seen, file)
            case WebSeed() as asked if seen.end == end:
                yield _web_seed(index, flow, end, seen, asked)
            case Magnet() as link if (seen.end == end) == (link.place == REFERER):
                # A link proves no use of it, and who wrote it could name two torrents in one.
                for name in names(link):
                    part = of_observation(index, flow, end, seen, did=Participation.CONTACTED, wire=(name,))
                    yield part._replace(confidence=Confidence.SUSPECTED, aside=True)


def _file(index: int, flow: Flow, end: End, seen: Observation, file: TorrentFile) -> Part:
    """Take a torrent file for looked up where the host itself spoke. Its infohashes are those of its own bytes."""
    part = of_observation(index, flow, end, seen, did=Participation.LOOKED_UP, wire=names(file))
    part = part._replace(v1=file.v1, v2=file.v2)
    if flow.bytes[ENDS.index(end)]:
        return part
    participation, confidence = CONTACTED
    return part._replace(participation=participation, confidence=confidence)


def _web_seed(index: int, flow: Flow, end: End, seen: Observation, asked: WebSeed) -> Part:
    """Take pieces that were asked for and came for transferred, without an answer for attempted.

    Whether what came were pieces is not checked, here as little as between peers; so its bytes are an upper bound.
    Where the request did not name the torrent (BEP 19), the engine is not sure, and a torrent file tells which it is.
    """
    did = Participation.TRANSFERRED if asked.bytes else Participation.ATTEMPTED
    part = of_observation(index, flow, end, seen, did=did, wire=(asked.infohash.wire,))
    if seen.confidence < Confidence.CONFIRMED:
        part = part._replace(basis=Basis.INFERRED)
    return part._replace(downloaded=(asked.bytes, AmountBasis.FLOW)) if asked.bytes else part
