"""The list of all metrics as a document: ``python -m tests.build.metrics_document`` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.metrics.sensor import SensorCollector
from tests.build.states import busy_state

if TYPE_CHECKING:
    from prometheus_client.core import Metric

DOCUMENT = Path(__file__).parents[2] / "deploy" / "prometheus" / "METRICS.md"
_SUFFIXES = {"counter": "_total", "info": "_info"}
_INTRODUCTION = """\
# What a running sensor tells Prometheus

Labels hold words of the policy, of the configuration and of this program. No label holds an address, a name of a person
or of a torrent, or an infohash: what looks like one reads `withheld`. The one thing that leads to a case is the opaque
id of `auditor_open_incident_info`, for the newest 100 open violations, and the same id as exemplar of
`auditor_verdict_delay_seconds`; `auditor evidence show ID` has the rest, for whoever may see it.

What the policy in force can say starts at 0, so that a first violation is an increase. Counters count from the start of
the sensor, whose time is `auditor_start_timestamp_seconds`. What is not known has no sample.

`group`, `rule` and `list` are the policy's; `severity` is info, low, medium, high or critical; `verdict` is allow,
notice or violation; `kind` of an incident is swarm, dht or encrypted; `direction` is down or up, as the host inside
sees it.

| metric | type | labels | is |
|---|---|---|---|
"""


def written() -> str:
    """Return the document."""
    return _INTRODUCTION + "".join(_row(family) for family in SensorCollector(busy_state).collect())


def _row(family: Metric) -> str:
    name = family.name + _SUFFIXES.get(family.type, "")
    labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != "le")
    return f"| `{name}` | {family.type} |{f' {labels}' if labels else ''} | {family.documentation} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(written(), "utf-8")
