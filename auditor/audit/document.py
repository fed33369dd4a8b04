"""An audit as JSON: one document, or one record a line. The contract is :mod:`auditor.audit.schema`.

A field that is not known is ``null``, never left out. Times are RFC 3339 UTC with nine decimals.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.model.moment import rfc3339
from auditor.model.shaping import (
    attribution_json,
    claimed_json,
    clock_json,
    endpoint_json,
    flow_confidence,
    infohashes_json,
    moment_json,
    named_json,
    peers_json,
    tie_json,
)
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.model.activity import Activity
    from auditor.model.capture import CaptureInfo
    from auditor.model.identity import IdentityRead, SourceRead
    from auditor.model.incident import Incident, VerifiedAmount
    from auditor.pipeline.content import ShownTorrent
    from auditor.pipeline.external import External
    from auditor.pipeline.run import AuditResult, JudgedActivity, JudgedFlow

SCHEMA = "auditor.audit/1"

Json = dict[str, Any]
_LISTS = (
    ("captures", "capture"),
    ("incidents", "incident"),
    ("torrents", "torrent"),
    ("activities", "activity"),
    ("flows", "flow"),
    ("external_addresses", "external_address"),
)
"""The document's lists, and what one member of each is called as a record."""


def document(result: AuditResult) -> Json:
    """Return the audit as one document."""
    files = {torrent.id: torrent.places() for torrent in result.torrents}
    return {
        "schema": SCHEMA,
        "auditor": {"version": __version__},
        "policy": {"name": result.policy_name, "sha256": result.policy_sha256},
        "identity": _identity(result.identity),
        "people": result.people.value,
        "captures": [_capture(capture) for capture in result.captures],
        "limits_hit": dict(sorted(result.limits_hit.items())),
        "incidents": [_incident(incident, result.flows, files) for incident in result.incidents],
        "torrents": [_torrent(torrent) for torrent in result.torrents],
        "activities": [_activity(judged) for judged in result.activities],
        "flows": [_flow(judged) for judged in result.flows],
        "external_addresses": [_external(each, result.flows) for each in result.external_addresses],
    }


def text(result: AuditResult) -> Iterator[str]:
    """Yield the document line by line: each member of its lists on a line of its own, for eyes, grep and diff."""
    whole = document(result)
    lists = [name for name, _ in _LISTS]
    *_, final = whole
    opening = "{"
    for name, value in whole.items():
        head = f"{opening}{json.dumps(name)}: "
        opening = " "
        end = "}" if name == final else ","
        if name not in lists or not value:
            yield f"{head}{json.dumps(value)}{end}"
            continue
        yield f"{head}["
        yield from (f"  {json.dumps(member)}," for member in value[:-1])
        yield f"  {json.dumps(value[-1])}"
        yield f" ]{end}"


def lines(result: AuditResult) -> Iterator[str]:
    """Yield the audit as JSON lines: a ``meta`` record, then captures, incidents, torrents, activities and flows.

    Each record is the document's own object with its kind in ``record``; ``meta`` is the document without its lists.
    """
    whole = document(result)
    lists = {name for name, _ in _LISTS}
    yield json.dumps({"record": "meta"} | {name: value for name, value in whole.items() if name not in lists})
    for name, record in _LISTS:
        for member in whole[name]:
            yield json.dumps({"record": record} | member)


def _capture(capture: CaptureInfo) -> Json:
    return {
        "path": capture.path,
        "sha256": capture.sha256,
        "vantage": capture.vantage,
        "packets": capture.packets,
        "bytes": capture.bytes,
        "first": moment_json(capture.first),
        "last": moment_json(capture.last),
        "truncated": capture.truncated,
        "error": capture.error,
        "anomalies": dict(sorted(capture.anomalies.items())),
    }


def _incident(incident: Incident, flows: Sequence[JudgedFlow], files: Mapping[str, Mapping[int, int]]) -> Json:
    conduct, judgement = incident.conduct, incident.judgement
    return {
        "id": incident.id,
        "kind": conduct.kind,
        "host": str(conduct.host),
        "attribution": attribution_json(incident.attribution),
        "infohashes": infohashes_json(conduct.infohashes),
        "name": incident.name,
        "first": rfc3339(conduct.first),
        "last": rfc3339(conduct.last),
        "participation": conduct.participation.label,
        "confidence": conduct.confidence.label,
        "detectors": sorted({*conduct.detectors, *conduct.beside}),
        "downloaded": conduct.downloaded,
        "uploaded": conduct.uploaded,
        "amount_basis": conduct.amount_basis.label,
        "claimed": claimed_json(conduct.claimed),
        "trackers": sorted({harmless(name) for names in conduct.trackers for name in names}),
        "torrent": incident.torrent,
        "verified": _verified(conduct.verified, files.get(incident.torrent or "", {})),
        "verdict": judgement.verdict.label,
        "rule": judgement.rule,
        "severity": judgement.severity.label,
        "reason": judgement.reason,
        "lapsed": list(judgement.lapsed),
        "flows": [flows[index].id for index in conduct.flows],
    }


def _verified(verified: VerifiedAmount | None, files: Mapping[int, int]) -> Json | None:
    if verified is None:
        return None
    return {
        "downloaded": verified.downloaded,
        "uploaded": verified.uploaded,
        "wrong": verified.wrong,
        "files": [
            {"file": files[file.offset], "downloaded": file.downloaded, "uploaded": file.uploaded}
            for file in verified.files
            if file.offset in files
        ],
    }


def _torrent(torrent: ShownTorrent) -> Json:
    files = None if torrent.files is None else [{"path": file.path, "size": file.size} for file in torrent.files]
    return {
        "id": torrent.id,
        "infohashes": {
            "v1": str(torrent.v1) if torrent.v1 else None,
            "v2": str(torrent.v2) if torrent.v2 else None,
        },
        "name": torrent.name,
        "private": torrent.private,
        "size": torrent.size,
        "piece_length": torrent.piece_length,
        "files": files,
    }


def _identity(identity: IdentityRead | None) -> Json:
    if identity is None:
        return {"sha256": None, "sources": []}
    return {"sha256": identity.sha256, "sources": [_source(source) for source in identity.sources]}


def _source(source: SourceRead) -> Json:
    return {
        "name": source.name,
        "kind": source.kind,
        "files": [
            {"path": file.path, "sha256": file.sha256, "lines": file.lines, "refused": file.refused}
            for file in source.files
        ],
        "clock": clock_json(source.clock),
    }


def _activity(judged: JudgedActivity) -> Json:
    activity: Activity = judged.activity
    return {
        "host": str(activity.endpoint.ip),
        "port": activity.endpoint.port,
        "kind": "dht",
        "first": rfc3339(activity.first),
        "last": rfc3339(activity.last),
        "nodes": activity.nodes,
        "queries": {"in": dict(sorted(activity.queries_in.items())), "out": dict(sorted(activity.queries_out.items()))},
        "announced": sorted(str(target.infohash) for target in activity.announced),
        "looked_up": sorted(str(target.infohash) for target in activity.looked_up),
        "incidents": list(judged.incidents),
    }


def _flow(judged: JudgedFlow) -> Json:
    flow = judged.flow
    return {
        "id": judged.id,
        "community_id": flow.community_id,
        "vantage": flow.vantage,
        "transport": flow.transport,
        "orig": endpoint_json(flow.orig),
        "resp": endpoint_json(flow.resp),
        "vlan": list(flow.vlan),
        "first": rfc3339(flow.first),
        "last": rfc3339(flow.last),
        "packets": dict(zip(("orig", "resp"), flow.packets, strict=True)),
        "bytes": dict(zip(("orig", "resp"), flow.bytes, strict=True)),
        "confidence": flow_confidence(flow).label,
        "detectors": sorted({o.detector for o in flow.observations}),
        "infohashes": named_json(flow),
        "ties": [tie_json(tie) for tie in flow.ties],
        "peers": peers_json(flow),
        "inside_end": judged.inside_end,
        "attribution": {
            "orig": attribution_json(judged.orig) if judged.orig else None,
            "resp": attribution_json(judged.resp) if judged.resp else None,
        },
        "incidents": list(judged.incidents),
        "verdict": judged.verdict.label if judged.verdict else None,
    }


def _external(external: External, flows: Sequence[JudgedFlow]) -> Json:
    return {
        "host": str(external.host),
        "host_port": external.host_port,
        "ip": str(external.ip),
        "port": external.port,
        "told_by": external.told_by,
        "tellers": external.tellers,
        "first": rfc3339(external.first),
        "last": rfc3339(external.last),
        "flow": flows[external.flow].id if external.flow is not None else None,
    }
