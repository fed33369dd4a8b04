"""Values of the model as JSON, in the same words wherever they are told: in results, in the store, to others.

A field that is not known is ``null``, never left out. Times are RFC 3339 UTC with nine decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.model.client import name_client
from auditor.model.fact import Claim, Handshake, Magnet, SslTorrent, TrackerAnnounce, names
from auditor.model.moment import NANOSECONDS, rfc3339
from auditor.model.scale import Basis, Confidence

if TYPE_CHECKING:
    from auditor.model.attribution import Attribution
    from auditor.model.flow import Endpoint, Flow, Tie
    from auditor.model.identity import Offset
    from auditor.model.incident import Claimed, Infohashes

Json = dict[str, Any]


def moment_json(moment: int | None) -> str | None:
    """Return a moment as JSON."""
    return None if moment is None else rfc3339(moment)


def infohashes_json(infohashes: Infohashes | None) -> Json | None:
    """Return the names of an incident's torrent as JSON."""
    if infohashes is None:
        return None
    return {
        "wire": [str(infohash) for infohash in infohashes.wire],
        "v1": str(infohashes.v1) if infohashes.v1 else None,
        "v2": str(infohashes.v2) if infohashes.v2 else None,
        "basis": infohashes.basis.value,
    }


def claimed_json(claimed: Claimed | None) -> Json | None:
    """Return what a client said of itself to trackers as JSON."""
    if claimed is None:
        return None
    return {**_claim(claimed.last), "completed": claimed.completed, "first": _claim(claimed.first)}


def _claim(claim: Claim) -> Json:
    return {"downloaded": claim.downloaded, "uploaded": claim.uploaded, "left": claim.left}


def clock_json(clock: Offset) -> Json:
    """Return how far a clock is known, as JSON; what is not known is null, for 0 would say that it is right."""
    is_known = clock.basis != "unknown"
    return {
        "basis": clock.basis,
        "offset_seconds": clock.nanoseconds / NANOSECONDS if is_known else None,
        "margin_seconds": clock.margin / NANOSECONDS if is_known else None,
        "matches": clock.matches,
    }


def attribution_json(attribution: Attribution) -> Json:
    """Return whose something was, as JSON."""
    return {
        "group": attribution.group,
        "subject": attribution.subject,
        "status": attribution.status,
        "source": attribution.source,
        "lines": list(attribution.lines),
        "clock": attribution.clock,
        "candidates": [
            {"group": c.group, "subject": c.subject, "source": c.source, "reason": c.reason}
            for c in attribution.candidates
        ],
    }


def endpoint_json(endpoint: Endpoint) -> Json:
    """Return one end of a flow as JSON."""
    return {"ip": str(endpoint.ip), "port": endpoint.port}


def peers_json(flow: Flow) -> list[Json]:
    """Return what each end of a flow calls its client, as JSON."""
    facts = [(o.end, o.fact) for o in flow.observations]
    peers = dict.fromkeys((end, fact.peer_id) for end, fact in facts if isinstance(fact, Handshake | TrackerAnnounce))
    return [{"end": end, "peer_id": peer_id.hex() or None, "client": name_client(peer_id)} for end, peer_id in peers]


def flow_confidence(flow: Flow) -> Confidence:
    """Return how sure it is that the flow is BitTorrent; a link in a page makes it none."""
    sure = [o.confidence for o in flow.observations if not isinstance(o.fact, Magnet)]
    return max([*sure, *(tie.confidence for tie in flow.ties)], default=Confidence.SUSPECTED)


def named_json(flow: Flow) -> list[Json]:
    """Return the torrents of a flow as JSON: those that were read in it, then those that it may be about."""
    read = [str(name) for o in flow.observations for name in names(o.fact)]
    asked = [str(o.fact.infohash.wire) for o in flow.observations if isinstance(o.fact, SslTorrent)]
    tied = [str(inferred.infohash) for tie in flow.ties for inferred in tie.infohashes]
    inferred = [*asked, *tied]
    bases = dict.fromkeys(inferred, Basis.INFERRED) | dict.fromkeys(read, Basis.READ)
    return [{"wire": wire, "basis": bases[wire].value} for wire in dict.fromkeys((*read, *inferred))]


def tie_json(tie: Tie) -> Json:
    """Return what ties a flow to BitTorrent as JSON."""
    return {
        "end": tie.end,
        "outgoing": tie.is_outgoing,
        "grade": tie.grade,
        "retry": tie.is_retry,
        "rules": tie.rules,
        "infohashes": [
            {
                "wire": str(inferred.infohash),
                "sources": list(inferred.sources),
                "senders": inferred.senders,
                "learnt": rfc3339(inferred.learnt),
            }
            for inferred in tie.infohashes
        ],
    }
