"""Show frames to the engine, and keep of what it says that which a promise is about."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from auditor import engine
from auditor.engine import CapturePath, Options
from auditor.model.fact import Handshake, Messages
from auditor.pipeline.run import AuditResult, judge
from auditor.policy import load
from tests.build.capture import ETHERNET, pcap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.activity import Activity, DhtTarget
    from auditor.model.capture import Sighting
    from auditor.model.fact import Fact
    from auditor.model.flow import Flow
    from auditor.model.incident import Incident
    from auditor.policy.evaluate import Policy
    from tests.build.frames import Frame

POLICY = Path(__file__).parents[2] / "policies" / "corporate.yaml"
Gist = tuple[Any, ...]
"""What must be equal, in a form that is easy to compare and to read in a failure."""


def examples(usually: int) -> settings:
    """Say how many examples a property is tried on: fewer for slow ones, more under ``--hypothesis-profile=ci``."""
    return settings(max_examples=max(1, usually * settings().max_examples // 100))


@cache
def policy() -> Policy:
    """Return the policy that all properties are judged by."""
    return load.load(POLICY)


def options(*, jobs: int = 1, dht_flows: bool = False) -> Options:
    """Return how to look at a network of that policy."""
    inside = (*policy().inside_networks, *policy().egress_networks)
    return Options(inside, jobs=jobs, digest=False, dht_flows=dht_flows)


def see_files(files: Sequence[bytes], *, jobs: int = 1, dht_flows: bool = False) -> Sighting:
    """Look at captures of one vantage point, in this order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:03}.cap" for number in range(len(files))]
        for path, content in zip(paths, files, strict=True):
            path.write_bytes(content)
        captures = [CapturePath(str(path), "default") for path in paths]
        return engine.sight(captures, options(jobs=jobs, dht_flows=dht_flows))


def see(frames: Sequence[Frame], *, link: int = ETHERNET, jobs: int = 1, dht_flows: bool = False) -> Sighting:
    """Look at frames in one capture."""
    return see_files([pcap(frames, link=link)], jobs=jobs, dht_flows=dht_flows)


def audit(sighting: Sighting) -> AuditResult:
    """Judge what was seen."""
    return judge(sighting, policy())


def facts(sighting: Sighting) -> Gist:
    """Return what was observed of whom, leaving out when and in which frames."""
    return (
        sorted(_flow(flow) for flow in sighting.flows),
        sorted(_activity(activity) for activity in sighting.activities),
        sighting.torrents,
    )


def verdicts(sighting: Sighting) -> Gist:
    """Return what an audit says of each host: its incidents, their amounts and verdicts."""
    return tuple(sorted(_incident(incident) for incident in audit(sighting).incidents))


def gist(sighting: Sighting) -> Gist:
    """Return all that the promise of invariance names; and that no cap was reached, without which it does not hold."""
    assert not sighting.limits_hit
    return facts(sighting), verdicts(sighting)


def everything(sighting: Sighting) -> Gist:
    """Return all that was seen, times included, but for what tells captures apart."""
    result = audit(sighting)
    anomalies = Counter[str]()
    for capture in sighting.captures:
        anomalies.update(capture.anomalies)
    flows = sorted((_flow(flow), flow.first, flow.last, flow.packets, flow.minutes) for flow in sighting.flows)
    activities = sorted(
        (_activity(activity), activity.endpoint.mac or "", activity.first, activity.last, activity.minutes)
        for activity in sighting.activities
    )
    incidents = tuple((_incident(i), i.conduct.first, i.conduct.last, i.id) for i in result.incidents)
    packets = sum(capture.packets for capture in sighting.captures)
    return flows, activities, incidents, sorted(anomalies.items()), dict(sighting.totals), packets


def _flow(flow: Flow) -> Gist:
    observations = sorted((o.detector, o.end, o.confidence.label, o.count, _fact(o.fact)) for o in flow.observations)
    ends = (str(flow.orig.ip), flow.orig.port, str(flow.resp.ip), flow.resp.port)
    observed = flow.transport, ends, flow.vlan, flow.bytes, flow.missing, observations
    return *observed, sorted(flow.verified), sorted(flow.ties)


def _fact(fact: Fact) -> Gist:
    return type(fact).__name__, *(_plain(value) for value in fact)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted(value.items()))
    return value if isinstance(value, (int, bytes)) else str(value)


def _activity(activity: Activity) -> Gist:
    return (
        (str(activity.endpoint.ip), activity.endpoint.port, activity.vlan, activity.nodes),
        (sorted(activity.queries_in.items()), activity.replies_in, activity.errors_in),
        (sorted(activity.queries_out.items()), activity.replies_out, activity.errors_out),
        (sorted(map(_target, activity.announced)), sorted(map(_target, activity.looked_up))),
        (sorted(activity.node_ids), sorted(activity.clients), activity.read_only),
        tuple((told.ip, told.port, told.tellers) for told in activity.told),
    )


def _target(target: DhtTarget) -> Gist:
    return str(target.infohash), target.queries, target.nodes, target.near_own_id


def _incident(incident: Incident) -> Gist:
    conduct, said = incident.conduct, incident.judgement
    names = tuple(str(name) for name in conduct.infohashes.wire) if conduct.infohashes else ()
    return (
        (conduct.kind, str(conduct.host), conduct.ports, conduct.remote_ports, names),
        (incident.attribution.group, conduct.participation.label, conduct.confidence.label, conduct.detectors),
        (conduct.downloaded, conduct.uploaded, conduct.amount_basis.label, conduct.verified),
        (said.verdict.label, said.rule or "", said.severity.label),
    )


def said(sighting: Sighting) -> Gist:
    """Return what `gist` does, but for what depends on how datagrams were cut, and on which of them came first."""
    assert not sighting.limits_hit
    return told(sighting, everything_said=True), facts(sighting)[1], verdicts(sighting)


def told(sighting: Sighting, *, everything_said: bool = False) -> Gist:
    """Return who told whom what, whichever end is held to have begun: the peer wire alone, or all that was said."""
    found = []
    for flow in sighting.flows:
        for o in flow.observations:
            if everything_said or isinstance(o.fact, Handshake | Messages):
                src, dst = (flow.orig, flow.resp) if o.end == "orig" else (flow.resp, flow.orig)
                found.append((str(src.ip), src.port, str(dst.ip), dst.port, o.detector, o.count, _fact(o.fact)))
    return tuple(sorted(found))
