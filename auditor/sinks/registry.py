"""The sinks by the kind that ``sensor.yaml`` names: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.sinks import eve, ocsf, syslog
from auditor.sinks.queued import Queued

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.sinks.sink import Sink, SinkEntry


class Kind(NamedTuple):
    """A kind of sink."""

    model: type[SinkEntry]
    """What ``sensor.yaml`` says of one."""
    make: Callable[[Any], Sink]
    """Makes one of its entry. It opens nothing yet."""


SINKS: Mapping[str, Kind] = {
    "eve": Kind(eve.EveEntry, eve.make),
    "ocsf": Kind(ocsf.OcsfEntry, ocsf.make),
    "syslog": Kind(syslog.SyslogEntry, syslog.make),
}


def start(entry: SinkEntry, say: Callable[[str], None]) -> Queued:
    """Start a sink behind its queue. ``say`` is told, in words that name nobody, when it fails and works again."""
    sink = SINKS[entry.kind].make(entry)
    return Queued(sink, kind=entry.kind, capacity=entry.queue, least=entry.verdict, say=say)
