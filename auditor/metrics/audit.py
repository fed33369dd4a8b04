"""A finished audit as metrics for the node exporter's textfile collector.

An audit is a batch that is over: its figures are gauges, each run replacing those of the run before. Labels hold only
words of the policy and of this program's own vocabulary; never an address, a name or an infohash.

===========================================================  =======================================
``auditor_audit_incidents{group,verdict,severity,kind}``     incidents found
``auditor_audit_bytes{group,verdict,direction}``             bytes of their flows, ``down`` and ``up``
``auditor_audit_captures{result}``                           captures ``read``, ``truncated``, ``unreadable``
``auditor_audit_packets``                                    packets read
``auditor_audit_captured_bytes``                             bytes of packets read
``auditor_audit_anomalies{kind}``                            malformed or missing traffic
``auditor_audit_limits_hit{limit}``                          how often a cap was reached
``auditor_audit_last_success_timestamp_seconds``             when the audit ended
``auditor_build_info{version}``                              1
===========================================================  =======================================
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from auditor import __version__
from auditor.metrics.family import gauge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from auditor.model.capture import CaptureInfo
    from auditor.model.incident import Incident

READABLE_BY_ALL = 0o644
_Samples = Counter[tuple[str, ...]]
"""Figures by the values of their labels."""


class AuditCollector(Collector):
    """The figures of one finished audit."""

    def __init__(
        self,
        captures: Sequence[CaptureInfo],
        incidents: Sequence[Incident],
        limits_hit: Mapping[str, int],
        finished: float,
    ) -> None:
        """Take a snapshot; ``finished`` is in seconds since the epoch."""
        self._captures = captures
        self._incidents = incidents
        self._limits_hit = limits_hit
        self._finished = finished

    def collect(self) -> Iterator[Metric]:
        """Yield every family, those without a sample too, so that what is absent reads as none."""
        yield gauge("auditor_audit_incidents", "Incidents found.", _LABELS, self._counted())
        yield gauge(
            "auditor_audit_bytes",
            "Bytes that hosts downloaded and uploaded in incidents.",
            ("group", "verdict", "direction"),
            self._amounts(),
        )
        results: _Samples = Counter({("read",): 0, ("truncated",): 0, ("unreadable",): 0})
        results.update((_result(capture),) for capture in self._captures)
        yield gauge("auditor_audit_captures", "Captures given, by how far they were read.", ("result",), results)
        packets: _Samples = Counter({(): sum(capture.packets for capture in self._captures)})
        yield gauge("auditor_audit_packets", "Packets read.", (), packets)
        captured: _Samples = Counter({(): sum(capture.bytes for capture in self._captures)})
        yield gauge("auditor_audit_captured_bytes", "Bytes of the packets read.", (), captured)
        anomalies: _Samples = Counter()
        for capture in self._captures:
            anomalies.update({(kind,): count for kind, count in capture.anomalies.items()})
        yield gauge("auditor_audit_anomalies", "Malformed or missing traffic, by kind.", ("kind",), anomalies)
        limits: _Samples = Counter({(limit,): count for limit, count in self._limits_hit.items()})
        yield gauge("auditor_audit_limits_hit", "How often a cap was reached.", ("limit",), limits)
        yield gauge(
            "auditor_audit_last_success_timestamp_seconds",
            "When the last audit ended, in seconds since the epoch.",
            (),
            {(): self._finished},
        )
        yield gauge("auditor_build_info", "The version that ran.", ("version",), {(__version__,): 1})

    def _counted(self) -> _Samples:
        return Counter(
            (i.attribution.group, i.judgement.verdict.label, i.judgement.severity.label, i.conduct.kind)
            for i in self._incidents
        )

    def _amounts(self) -> _Samples:
        amounts: _Samples = Counter()
        for incident in self._incidents:
            place = (incident.attribution.group, incident.judgement.verdict.label)
            amounts[*place, "down"] += incident.conduct.downloaded
            amounts[*place, "up"] += incident.conduct.uploaded
        return amounts


_LABELS = ("group", "verdict", "severity", "kind")


def write_textfile(path: Path, collector: Collector) -> None:
    """Write the exposition to ``path`` in one step, readable by all: the node exporter runs as another user.

    Raises:
        OSError: if it cannot be written.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(generate_latest(registry))
            os.fchmod(file.fileno(), READABLE_BY_ALL)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _result(capture: CaptureInfo) -> str:
    if capture.error is not None:
        return "unreadable"
    return "truncated" if capture.truncated else "read"
