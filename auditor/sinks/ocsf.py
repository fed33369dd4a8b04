"""OCSF 1.8 (Open Cybersecurity Schema Framework), an event a line.

An incident's news is a Detection Finding (2004); its flows are Network Activities (4001) with the profile
``security_control``: once when it begins, with what is known then, and once when it is over.
Reference: schema.ocsf.io/1.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.model.scale import Confidence, Severity, Verdict
from auditor.sinks.eve import line
from auditor.sinks.lines import LinesEntry, open_lines
from auditor.sinks.news import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.flow import Endpoint
    from auditor.model.health import SensorState
    from auditor.sinks.lines import Lines
    from auditor.sinks.news import News, NewsFlow

VERSION = "1.8.0"
FINDING, ACTIVITY = 2004, 4001
_MILLISECOND = 1_000_000
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_ACTIVITIES = {Event.BEGAN: _CREATE, Event.GRAVER: _UPDATE, Event.CHANGED: _UPDATE, Event.ENDED: _CLOSE}
_TRAFFIC = 6
_SEVERITIES = {Severity.INFO: 1, Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_CONFIDENCES = {Confidence.SUSPECTED: 1, Confidence.LIKELY: 2, Confidence.CONFIRMED: 3}
_NEW, _IN_PROGRESS = 1, 2
_OBSERVED = 3
"""``action_id``: this program never blocks."""
_LOGGED, _ALERT = 17, 19
"""``disposition_id``."""
_RULE = 1
"""``analytic.type_id``."""
_INTERNAL, _EXTERNAL = 1, 2
"""``network_scope_id``."""
_INBOUND, _OUTBOUND = 1, 2
"""``direction_id``."""
_PROTOCOLS = {"tcp": 6, "udp": 17}

Json = dict[str, Any]


class OcsfEntry(LinesEntry):
    """OCSF: JSON lines."""


def make(entry: OcsfEntry) -> Ocsf:
    """Make the sink."""
    return Ocsf(open_lines(entry))


class Ocsf:
    """Writes OCSF."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def tell(self, news: Sequence[News]) -> None:
        """Write a finding each, and the flows."""
        self._lines.write([line(event) for each in news for event in events(each)])

    def report(self, _state: SensorState) -> None:
        """OCSF has no class for it."""

    def close(self) -> None:
        """Close what is written to."""
        self._lines.close()


def events(news: News) -> Iterator[Json]:
    """Yield all events of an incident's news."""
    yield finding(news)
    if news.event in {Event.BEGAN, Event.ENDED}:
        yield from (activity(news, flow) for flow in news.flows)


def finding(news: News) -> Json:
    """Return the Detection Finding of an incident."""
    judgement = news.judgement
    info: Json = {
        "uid": news.incident,
        "title": f"BitTorrent: {judgement.verdict.label} in group {news.group}",
        "desc": judgement.reason,
        "types": ["BitTorrent", news.kind],
        "analytic": {"uid": judgement.rule or "default", "name": judgement.rule or "default", "type_id": _RULE},
        "first_seen_time": news.first // _MILLISECOND,
        "last_seen_time": news.last // _MILLISECOND,
        "data_sources": list(news.detectors),
    }
    if news.merged:
        info["related_events"] = [{"uid": merged} for merged in news.merged]
    event = _common(news, FINDING, _ACTIVITIES[news.event], ["security_control"])
    event |= {
        "finding_info": info,
        "confidence_id": _CONFIDENCES[news.confidence],
        "confidence": news.confidence.label,
        "status_id": _NEW if news.event is Event.BEGAN else _IN_PROGRESS,
        "start_time": news.first // _MILLISECOND,
        "end_time": news.last // _MILLISECOND,
        "unmapped": _unmapped(news),
    }
    evidences = [_evidence(news, flow) for flow in news.flows[:1]]
    if evidences:
        event["evidences"] = evidences
    return event


def activity(news: News, flow: NewsFlow) -> Json:
    """Return the Network Activity of one of its flows."""
    event = _common(news, ACTIVITY, _TRAFFIC, ["security_control"])
    orig, resp = flow.bytes
    return event | {
        **_evidence(news, flow),
        "app_name": "bittorrent",
        "start_time": flow.first // _MILLISECOND,
        "end_time": flow.last // _MILLISECOND,
        "time": flow.last // _MILLISECOND,
        "traffic": {
            "bytes": orig + resp,
            "bytes_out": orig,
            "bytes_in": resp,
            "packets": sum(flow.packets),
            "packets_out": flow.packets[0],
            "packets_in": flow.packets[1],
        },
    }


def _common(news: News, class_uid: int, activity_id: int, profiles: list[str]) -> Json:
    judgement = news.judgement
    is_violation = judgement.verdict is Verdict.VIOLATION
    event: Json = {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "time": news.at // _MILLISECOND,
        "severity_id": _SEVERITIES[judgement.severity],
        "severity": judgement.severity.label,
        "message": judgement.reason,
        "metadata": {
            "version": VERSION,
            "product": {"name": "auditor", "vendor_name": "auditor", "version": __version__},
            "profiles": profiles,
            "log_name": news.sensor,
            "correlation_uid": news.incident,
        },
        "action_id": _OBSERVED,
        "disposition_id": _ALERT if is_violation else _LOGGED,
        "is_alert": is_violation,
        "firewall_rule": {"uid": judgement.rule or "default", "desc": judgement.reason},
    }
    if news.policy_sha256 is not None:
        event["policy"] = {"uid": news.policy_sha256, "is_applied": True}
    return event


def _evidence(news: News, flow: NewsFlow) -> Json:
    """Return whose flow it was: the group, and more only as far as it may be told."""
    ends = flow.ends or (None, None)
    host: Json = {"name": news.group, "network_scope_id": _INTERNAL}
    if news.subject is not None:
        host["owner"] = {"uid": news.subject}
    other: Json = {"svc_name": "bittorrent", "network_scope_id": _EXTERNAL}
    orig, resp = (host, other) if flow.host_end == "orig" else (other, host)
    info: Json = {
        "direction_id": _OUTBOUND if flow.host_end == "orig" else _INBOUND,
        "protocol_name": flow.transport,
        "protocol_num": _PROTOCOLS[flow.transport],
    }
    if flow.community_id is not None:
        info["community_uid"] = flow.community_id
    return {"src_endpoint": _at(orig, ends[0]), "dst_endpoint": _at(resp, ends[1]), "connection_info": info}


def _at(endpoint: Json, end: Endpoint | None) -> Json:
    return endpoint if end is None else {**endpoint, "ip": str(end.ip), "port": end.port}


def _unmapped(news: News) -> Json:
    """Return what OCSF has no attribute for."""
    values: Json = {
        "event": news.event.value,
        "verdict": news.judgement.verdict.label,
        "group": news.group,
        "attribution": news.status,
        "subject": news.subject,
        "kind": news.kind,
        "participation": news.participation.label,
        "infohashes": list(news.infohashes),
        "infohash_basis": ("inferred" if news.is_inferred else "read") if news.infohashes else None,
        "name": news.name,
        "downloaded": news.downloaded,
        "uploaded": news.uploaded,
        "amount_basis": news.amount_basis.label,
        "flows": news.flow_count,
    }
    return {key: value for key, value in values.items() if value is not None}
