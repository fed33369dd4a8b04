"""Syslog (RFC 5424) over TCP with counted octets (RFC 6587, section 3.4.1), or over TLS (RFC 5425).

::

    length SP <PRI>1 SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP [SD-ID SP name="value" …] SP MSG

``MSGID`` is what became of the incident, the structured data has all fields, ``MSG`` is a sentence for people.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pydantic import Field, ValidationInfo, field_validator

from auditor.model.moment import rfc3339
from auditor.model.scale import Severity
from auditor.sinks import fields
from auditor.sinks.news import Event
from auditor.sinks.server import Server, TlsEntry
from auditor.sinks.sink import SinkEntry
from auditor.written.scalars import defect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from auditor.model.health import SensorState
    from auditor.sinks.news import News

MAX_MESSAGE = 8192
"""Octets that every receiver over TLS should take (RFC 5425, section 4.3.1)."""
APP_NAME = "auditor"
SD_ID = "auditor@32473"
"""32473 is the enterprise number that nobody has (RFC 5612)."""
_SEVERITIES = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5, Severity.INFO: 6}
"""RFC 5424, table 2: critical, error, warning, notice, informational."""
_MAX_HOSTNAME = 255


class SyslogEntry(SinkEntry):
    """Syslog over TCP or TLS."""

    to: fields.Server = Field(description="The server, over TCP in clear or TLS.")
    tls: TlsEntry | None = Field(default=None, description="Of a server over TLS.")
    facility: fields.Facility = Field(default="local0", description="Default: local0.")

    @field_validator("tls")
    @classmethod
    def _only_over_tls(cls, tls: TlsEntry | None, others: ValidationInfo) -> TlsEntry | None:
        to = others.data.get("to")
        if tls is not None and to is not None and to.how != "tls":
            raise defect("clear-with-tls", f"{to} is not over TLS", f"write 'to: tls:{to.host}:6514'")
        return tls

    @property
    def reads(self) -> tuple[Path, ...]:
        """Its certificates."""
        return self.tls.reads if self.tls else ()


def make(entry: SyslogEntry) -> Syslog:
    """Make the sink."""
    return Syslog(Server(entry.to, entry.tls or TlsEntry()), entry.facility)


class Syslog:
    """Sends syslog messages."""

    def __init__(self, server: Server, facility: str) -> None:
        self._server = server
        self._facility = fields.FACILITIES.index(facility)

    def tell(self, news: Sequence[News]) -> None:
        """Send a message each."""
        self._server.write([_counted(message(each, self._facility)) for each in news])

    def report(self, _state: SensorState) -> None:
        """Syslog has no place for it."""

    def close(self) -> None:
        """Close the connection."""
        self._server.close()


def _counted(octets: bytes) -> bytes:
    return b"%d %s" % (len(octets), octets)


def message(news: News, facility: int) -> bytes:
    """Return an incident's message."""
    priority = facility * 8 + _SEVERITIES[news.judgement.severity]
    moment = rfc3339(news.at)[: -len("000Z")] + "Z"  # six decimals at most
    host = re.sub(r"[^!-~]", "_", news.sensor)[:_MAX_HOSTNAME] or "-"
    head = f"<{priority}>1 {moment} {host} {APP_NAME} {os.getpid()} {news.event.value}"
    data = "".join(f' {name}="{_escaped(value)}"' for name, value in _parameters(news))
    octets = f"{head} [{SD_ID}{data}] {_sentence(news)}".encode("ascii")
    if len(octets) > MAX_MESSAGE:
        raise ValueError(f"a message of {len(octets)} octets")
    return octets


def _parameters(news: News) -> Iterator[tuple[str, str]]:
    judgement = news.judgement
    infohashes = news.infohashes[:8]
    values: tuple[tuple[str, str | None], ...] = (
        ("incident", news.incident),
        ("verdict", judgement.verdict.label),
        ("severity", judgement.severity.label),
        ("rule", judgement.rule),
        ("policy", news.policy_sha256),
        ("group", news.group),
        ("attribution", news.status),
        ("subject", news.subject),
        ("kind", news.kind),
        ("participation", news.participation.label),
        ("confidence", news.confidence.label),
        ("detectors", ",".join(news.detectors)),
        ("infohashes", ",".join(infohashes) or None),
        ("basis", ("inferred" if news.is_inferred else "read") if infohashes else None),
        ("name", news.name),
        ("first", rfc3339(news.first)),
        ("last", rfc3339(news.last)),
        ("downloaded", str(news.downloaded)),
        ("uploaded", str(news.uploaded)),
        ("amountBasis", news.amount_basis.label),
        ("merged", ",".join(news.merged[:8]) or None),
        ("flows", str(news.flow_count)),
    )
    for name, value in values:
        if value is not None:
            yield name, value
    for flow in news.flows[:1]:
        if flow.ends is not None:
            yield "orig", f"{flow.ends[0].ip} {flow.ends[0].port}"
            yield "resp", f"{flow.ends[1].ip} {flow.ends[1].port}"
        if flow.community_id is not None:
            yield "communityId", flow.community_id


def _sentence(news: News) -> str:
    """Say it to people."""
    judgement = news.judgement
    became = "is over" if news.event is Event.ENDED else "began" if news.event is Event.BEGAN else "goes on"
    words = (
        f"incident {news.incident} {became}: {judgement.verdict.label} in group {news.group}, "
        f"{news.participation.label} ({news.confidence.label}): {judgement.reason}"
    )
    return words.encode("ascii", "backslashreplace").decode("ascii")


def _escaped(value: str) -> str:
    r"""Write a parameter's value: ``"``, ``\`` and ``]`` with a backslash before them (section 6.3.3), in ASCII."""
    printable = value.encode("ascii", "backslashreplace").decode("ascii")
    return re.sub(r'(["\\\]])', r"\\\1", printable)
