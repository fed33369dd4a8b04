"""Incidents and flows as parts of records: what may stay, and what identifies somebody.

Words are those of results (:mod:`auditor.model.shaping`). A body has everything that counts and judges; addresses,
MACs, ports, subjects, lines of identity sources and what torrents, trackers and clients are called stand apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.moment import rfc3339
from auditor.model.shaping import (
    attribution_json,
    claimed_json,
    endpoint_json,
    flow_confidence,
    infohashes_json,
    named_json,
    peers_json,
    tie_json,
)

if TYPE_CHECKING:
    from auditor.evidence.canonical import Json
    from auditor.model.attribution import Attribution
    from auditor.model.flow import Endpoint, Flow
    from auditor.model.incident import Conduct, Judgement, VerifiedAmount

Parts = tuple[dict[str, "Json"], dict[str, "Json"]]
MAX_MINUTES = 3 * 1440
MAX_INFOHASHES = 200
_MAX_FRAMES = 200


def conduct_parts(conduct: Conduct) -> Parts:
    """Return what a host did."""
    body: dict[str, Json] = {
        "kind": conduct.kind,
        "vantage": conduct.vantage,
        "vlan": list(conduct.vlan),
        "first": rfc3339(conduct.first),
        "last": rfc3339(conduct.last),
        "participation": conduct.participation.label,
        "confidence": conduct.confidence.label,
        "detectors": list(conduct.detectors),
        "beside": list(conduct.beside),
        "infohashes": infohashes_json(conduct.infohashes),
        "downloaded": conduct.downloaded,
        "uploaded": conduct.uploaded,
        "amount_basis": conduct.amount_basis.label,
        "claimed": claimed_json(conduct.claimed),
        "verified": _verified(conduct.verified),
        "swarm_size": conduct.swarm_size,
        "private": conduct.private,
        "frames": [list(frame) for frame in conduct.frames[:_MAX_FRAMES]],
    }
    identifying: dict[str, Json] = {
        "host": str(conduct.host),
        "mac": conduct.mac,
        "ports": list(conduct.ports),
        "remote_ports": list(conduct.remote_ports),
        "trackers": [list(names) for names in conduct.trackers],
        "clients": list(conduct.clients),
        "torrent_name": conduct.torrent_name,
    }
    return body, identifying


def _verified(verified: VerifiedAmount | None) -> Json:
    if verified is None:
        return None
    return {
        "downloaded": verified.downloaded,
        "uploaded": verified.uploaded,
        "wrong": verified.wrong,
        "files": [[file.offset, file.downloaded, file.uploaded] for file in verified.files],
    }


def attribution_parts(attribution: Attribution) -> Parts:
    """Return whose something was: the groups may stay, and whom and what they rest on stands apart."""
    told = attribution_json(attribution)
    body: dict[str, Json] = {
        "group": told["group"],
        "status": told["status"],
        "clock": told["clock"],
        "candidates": [candidate["group"] for candidate in told["candidates"]],
    }
    identifying: dict[str, Json] = {name: told[name] for name in ("subject", "source", "lines", "candidates")}
    return body, identifying


def judgement_json(judgement: Judgement) -> dict[str, Json]:
    """Return what policy says."""
    return {
        "verdict": judgement.verdict.label,
        "rule": judgement.rule,
        "severity": judgement.severity.label,
        "reason": judgement.reason,
        "lapsed": list(judgement.lapsed),
    }


def flow_parts(flow: Flow) -> Parts:
    """Return a flow, without its observations: each is a record of its own."""
    named = named_json(flow)
    body: dict[str, Json] = {
        "vantage": flow.vantage,
        "transport": flow.transport,
        "vlan": list(flow.vlan),
        "tunnel": None if flow.tunnel is None else {"kind": flow.tunnel.kind, "id": flow.tunnel.id},
        "first": rfc3339(flow.first),
        "last": rfc3339(flow.last),
        "packets": {"orig": flow.packets[0], "resp": flow.packets[1]},
        "bytes": {"orig": flow.bytes[0], "resp": flow.bytes[1]},
        "missing": {"orig": flow.missing[0], "resp": flow.missing[1]},
        "confidence": flow_confidence(flow).label,
        "detectors": sorted({observation.detector for observation in flow.observations}),
        "infohashes": named[:MAX_INFOHASHES],
        "infohashes_left_out": max(0, len(named) - MAX_INFOHASHES),
        "ties": [tie_json(tie) for tie in flow.ties],
        "verified": [
            {
                "stream": each.stream,
                "end": each.end,
                "verified": each.verified.bytes,
                "wrong": each.wrong.bytes,
                "incomplete": each.incomplete.bytes,
                "unknown": each.unknown.bytes,
            }
            for each in flow.verified
        ],
        "minutes": [list(minute) for minute in flow.minutes[:MAX_MINUTES]],
    }
    identifying: dict[str, Json] = {
        "orig": _end(flow.orig),
        "resp": _end(flow.resp),
        "community_id": flow.community_id,
        "peers": peers_json(flow),
    }
    return body, identifying


def _end(endpoint: Endpoint) -> dict[str, Json]:
    return {**endpoint_json(endpoint), "mac": endpoint.mac}
