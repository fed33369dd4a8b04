"""What an announce to the local network means for one host (BEP 14).

Nothing follows for whoever hears it: it is sent to everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.fact import LocalAnnounce
from auditor.model.scale import Participation
from auditor.pipeline.part import Part, of_observation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.flow import End, Flow


def of_flow(index: int, flow: Flow, end: End) -> Iterator[Part]:
    """Yield a part for each torrent that an end announced. Its port is the one that it told, where peers reach it."""
    for seen in flow.observations:
        if isinstance(seen.fact, LocalAnnounce) and seen.end == end:
            told = seen.fact
            part = of_observation(index, flow, end, seen, did=Participation.ANNOUNCED, wire=(told.infohash.wire,))
            yield part._replace(port=told.port, remote_port=None)
