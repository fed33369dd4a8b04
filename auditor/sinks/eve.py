"""EVE: JSON lines as Suricata writes them, so that what reads Suricata's reads ours.

An incident's news is an ``alert`` event with the flow that proves most. The top level of EVE is closed: what it has no
field for stands in ``alert.metadata``, as lists of texts; ``host`` is the sensor. ``stats`` tells how it does.
Reference: Suricata user guide, "Eve JSON Format".
"""

from __future__ import annotations

import json
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor.model.moment import NANOSECONDS, rfc3339
from auditor.model.scale import Severity
from auditor.model.text import harmless
from auditor.sinks.lines import MAX_LINE, LinesEntry, open_lines
from auditor.sinks.news import MAX_TEXT, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.health import SensorState
    from auditor.sinks.lines import Lines
    from auditor.sinks.news import News, NewsFlow

GENERATOR = 6881
"""``gid``: no rule of Suricata's has it, so ``signature_id`` never meets one of theirs."""
CATEGORY = "Potential Corporate Privacy Violation"
"""What Suricata calls its class ``policy-violation``."""
_SEVERITIES = {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.MEDIUM: 2, Severity.LOW: 3, Severity.INFO: 4}
_DHT_ALONE = ("bt.dht",)
_REQUESTS = {"announced": "announce_peer", "looked_up": "get_peers"}

Json = dict[str, Any]


class EveEntry(LinesEntry):
    """Suricata's EVE: JSON lines."""


def make(entry: EveEntry) -> Eve:
    """Make the sink."""
    return Eve(open_lines(entry))


class Eve:
    """Writes EVE."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def tell(self, news: Sequence[News]) -> None:
        """Write an alert each."""
        self._lines.write([line(alert(each)) for each in news])

    def report(self, state: SensorState) -> None:
        """Write the statistics."""
        self._lines.write([line(stats(state, time.time_ns()))])

    def close(self) -> None:
        """Close what is written to."""
        self._lines.close()


def line(record: Json) -> bytes:
    """Return a record as one line, in ASCII."""
    written = json.dumps(record, separators=(",", ":")).encode("ascii")
    if len(written) > MAX_LINE:
        raise ValueError(f"a record of {len(written)} bytes")
    return written


def alert(news: News) -> Json:
    """Return the ``alert`` event of an incident."""
    record: Json = {"timestamp": _timestamp(news.at), "host": news.sensor, "event_type": "alert"}
    flow = news.flows[0] if news.flows else None
    if flow is not None:
        record |= _tuple(flow)
    judgement = news.judgement
    signature = judgement.rule or "default"
    record["alert"] = {
        "action": "allowed",
        "gid": GENERATOR,
        "signature_id": zlib.crc32(signature.encode()) >> 1,
        "rev": 1,
        "signature": f"auditor {judgement.verdict.label} {signature}: {judgement.reason}",
        "category": CATEGORY,
        "severity": _SEVERITIES[judgement.severity],
        "metadata": _metadata(news),
    }
    record["app_proto"] = "bittorrent-dht" if news.detectors == _DHT_ALONE else "bittorrent"
    if flow is not None:
        record["flow"] = _flow(flow)
    request = _REQUESTS.get(news.participation.label)
    if news.detectors == _DHT_ALONE and request and news.infohashes:
        record["bittorrent_dht"] = {"request_type": request, "request": {"info_hash": news.infohashes[0]}}
    return record


def _metadata(news: News) -> dict[str, list[str]]:
    """Return what EVE has no field for."""
    judgement = news.judgement
    values: dict[str, str | tuple[str, ...] | None] = {
        "incident": news.incident,
        "event": news.event.value,
        "verdict": judgement.verdict.label,
        "severity": judgement.severity.label,
        "rule": judgement.rule,
        "reason": judgement.reason,
        "policy_sha256": news.policy_sha256,
        "group": news.group,
        "attribution": news.status,
        "subject": news.subject,
        "kind": news.kind,
        "participation": news.participation.label,
        "confidence": news.confidence.label,
        "detectors": news.detectors,
        "infohashes": news.infohashes,
        "infohash_basis": ("inferred" if news.is_inferred else "read") if news.infohashes else None,
        "name": news.name,
        "first": rfc3339(news.first),
        "last": rfc3339(news.last),
        "downloaded": str(news.downloaded),
        "uploaded": str(news.uploaded),
        "amount_basis": news.amount_basis.label,
        "merged": news.merged,
        "flows": str(news.flow_count),
        "over": "true" if news.event is Event.ENDED else "false",
    }
    return {
        f"auditor_{key}": [value] if isinstance(value, str) else list(value) for key, value in values.items() if value
    }


def _tuple(flow: NewsFlow) -> Json:
    """Return whose flow it was, as far as it may be told. Suricata's source is who began."""
    record: Json = {"proto": flow.transport.upper()}
    if flow.ends is not None:
        orig, resp = flow.ends
        record = {
            "src_ip": str(orig.ip),
            "src_port": orig.port,
            "dest_ip": str(resp.ip),
            "dest_port": resp.port,
            **record,
        }
    if flow.community_id is not None:
        record["community_id"] = flow.community_id
    return record


def _flow(flow: NewsFlow) -> Json:
    return {
        "pkts_toserver": flow.packets[0],
        "pkts_toclient": flow.packets[1],
        "bytes_toserver": flow.bytes[0],
        "bytes_toclient": flow.bytes[1],
        "start": _timestamp(flow.first),
    }


def stats(state: SensorState, now: int) -> Json:
    """Return the ``stats`` event, in Suricata's words where it has them."""
    interfaces = state.watch.interfaces if state.watch else ()
    tables = state.watch.tables if state.watch else {}
    return {
        "timestamp": _timestamp(now),
        "host": harmless(state.sensor, MAX_TEXT),
        "event_type": "stats",
        "stats": {
            "uptime": max(0, now - state.started) // NANOSECONDS,
            "capture": {
                "kernel_packets": sum(each.frames + each.lost for each in interfaces),
                "kernel_drops": sum(each.lost for each in interfaces),
                "errors": sum(not each.is_open for each in interfaces),
            },
            "decoder": {
                "pkts": sum(each.frames for each in interfaces),
                "bytes": sum(each.bytes for each in interfaces),
                "invalid": sum(state.anomalies.values()),
            },
            "flow": {"active": tables["flows"].size if "flows" in tables else 0},
            "detect": {"alert": sum(state.incidents.values())},
        },
    }


def _timestamp(moment: int) -> str:
    """Write a moment as Suricata does: ``2026-11-22T09:00:00.000000+0000``."""
    whole, rest = divmod(moment, NANOSECONDS)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest // 1000:06d}+0000"
