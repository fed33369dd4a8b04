"""Every case folder says what it must."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from auditor import engine
from auditor.audit.document import text
from auditor.engine import CapturePath, Options
from auditor.model.fact import (
    AllowedFast,
    Datagrams,
    Encrypted,
    Extended,
    ExternalAddress,
    Fact,
    Handshake,
    LocalAnnounce,
    Messages,
    Metadata,
    Name,
    Pex,
    PortMapping,
    SslTorrent,
    TorrentFile,
    TrackerAnnounce,
    TrackerScrape,
    Utp,
    WebSeed,
)
from auditor.pipeline.run import judge
from auditor.policy.load import load
from tests.build import write_pcap
from tests.build.capture import ETHERNET, SNAP_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.model.capture import Sighting
    from auditor.model.flow import Endpoint, Flow
    from auditor.model.incident import Claimed, VerifiedAmount
    from auditor.model.infohash import Infohash

FOLDER = Path(__file__).parent
CASES = sorted(path.parent for path in FOLDER.glob("*/case.yaml"))
POLICY = load(FOLDER.parents[1] / "policies" / "corporate.yaml")
KEYS = {"purpose", "expect"}
Record = dict[str, Any]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, tmp_path: Path) -> None:
    """The capture gives the facts that the case expects, so many times each."""
    scene = importlib.import_module(f"tests.cases.{case.name}.make")
    told = yaml.safe_load((case / "case.yaml").read_text("utf-8"))
    assert told.keys() == KEYS
    link, snap = getattr(scene, "LINK", ETHERNET), getattr(scene, "SNAP_LENGTH", SNAP_LENGTH)
    capture = write_pcap(tmp_path / "capture.pcap", scene.FRAMES, link, snap_length=snap)

    sighting = see(capture)
    found = list(records(sighting))

    known = {field for record in found for field in record}
    known |= {"detector", "incident", "activity", "external", "host", "tie"}
    for expectation in told["expect"]:
        count, match = expectation["count"], expectation["match"]
        assert match.keys() <= known or count == 0, f"no record has all of {sorted(match)}"
        fitting = [record for record in found if match.items() <= record.items()]
        assert len(fitting) == count, f"{match} is there {len(fitting)} times, not {count}, among\n" + "\n".join(
            map(str, found)
        )
    said = repr(sighting) + "".join(text(judge(sighting, POLICY)))
    assert [planted for planted in getattr(scene, "PLANTED", ()) if planted in said] == []


def test_a_case_is_a_folder_with_both_files() -> None:
    """No expectation without frames, and no frames without expectation."""
    assert {path.parent for path in FOLDER.glob("*/make.py")} - {FOLDER / "policies"} >= set(CASES)
    assert CASES


def see(capture: Path) -> Sighting:
    """Look at one capture as the corporate policy's network."""
    inside = (*POLICY.inside_networks, *POLICY.egress_networks)
    return engine.sight([CapturePath(str(capture), "default")], Options(inside, jobs=1, digest=False))


def records(sighting: Sighting) -> Iterator[Record]:
    """Yield all that was seen and said, each as plain fields."""
    for flow in sighting.flows:
        yield from _observations(flow)
        yield from _ties(flow)
    for activity in sighting.activities:
        shared = {"host": _end(activity.endpoint), "vlan": list(activity.vlan), "nodes": activity.nodes}
        sent = {"queries_out": dict(activity.queries_out), "replies_out": activity.replies_out}
        yield {"activity": "dht", **shared, **sent, "queries_in": dict(activity.queries_in)}
        for kind in ("announced", "looked_up"):
            for target in getattr(activity, kind):
                near = {"near_own_id": target.near_own_id, "answered": target.answered}
                frames = {"frames": [number for _, number in target.frames]}
                yield {"activity": kind, **shared, "infohash": str(target.infohash), **near, **frames}
    for info in sighting.captures:
        for kind, count in info.anomalies.items():
            yield {"detector": "anomaly", "kind": kind, "count": count}
    for total, count in sighting.totals.items():
        yield {"total": total, "count": count}
    result = judge(sighting, POLICY)
    for incident in result.incidents:
        conduct = incident.conduct
        yield {
            "incident": conduct.kind,
            "host": str(conduct.host),
            "group": incident.attribution.group,
            "infohashes": [str(name) for name in conduct.infohashes.wire] if conduct.infohashes else [],
            "basis": conduct.infohashes.basis.value if conduct.infohashes else None,
            "flows": len(conduct.flows),
            "participation": conduct.participation.label,
            "confidence": conduct.confidence.label,
            "downloaded": conduct.downloaded,
            "uploaded": conduct.uploaded,
            "amount_basis": conduct.amount_basis.label,
            "name": incident.name,
            "verified": _verified(conduct.verified) if conduct.verified else None,
            "claimed": _claimed(conduct.claimed) if conduct.claimed else None,
            "ports": list(conduct.ports),
            "trackers": sorted({name for names in conduct.trackers for name in names}),
            "detectors": list(conduct.detectors),
            "beside": list(conduct.beside),
            "verdict": incident.judgement.verdict.label,
        }
    yield from _holders(sighting)
    yield {"totals": "flows", **sighting.totals}
    for told in result.external_addresses:
        where = {"external": str(told.ip), "host": str(told.host), "port": told.port, "host_port": told.host_port}
        yield {**where, "told_by": told.told_by, "tellers": told.tellers}


def _holders(sighting: Sighting) -> Iterator[Record]:
    for known in sighting.bindings:
        yield {
            "binding": known.kind,
            "ip": str(known.ip),
            "mac": known.mac,
            "vlan": list(known.vlan),
            "count": known.times,
            "frames": [known.first.frame[1], known.last.frame[1]],
            "announced": [seen.frame[1] for seen in known.announced],
            "shared": known.shared,
        }
    for lease in sighting.leases:
        yield {
            "lease": lease.event,
            "ip": str(lease.ip) if lease.ip is not None else None,
            "mac": lease.mac,
            "vlan": list(lease.vlan),
            "duid": lease.duid,
            "host": lease.host,
            "seconds": lease.seconds,
            "server": lease.server,
            "frame": lease.at.frame[1],
            "renewed": lease.renewed,
            "relayed": lease.relayed,
        }


def _verified(verified: VerifiedAmount) -> str:
    files = ", ".join(f"{file.downloaded}+{file.uploaded} of the file at {file.offset}" for file in verified.files)
    return f"{verified.downloaded} down {verified.uploaded} up {verified.wrong} wrong: {files or 'no file'}"


def _claimed(claimed: Claimed) -> str:
    last = claimed.last
    told = f"{last.downloaded} down {last.uploaded} up {last.left} left"
    return told + (", completed" if claimed.completed else "")


def _observations(flow: Flow) -> Iterator[Record]:
    shared = {
        "orig": _end(flow.orig),
        "resp": _end(flow.resp),
        "vlan": list(flow.vlan),
        "tunnel": f"{flow.tunnel.kind} {flow.tunnel.id}" if flow.tunnel else None,
        "bytes": list(flow.bytes),
        "missing": list(flow.missing),
        "packets": list(flow.packets),
    }
    for seen in flow.observations:
        proof = {"end": seen.end, "count": seen.count, "frames": [number for _, number in seen.frames]}
        yield {"detector": seen.detector, **shared, **proof, **_fact(seen.fact)}


def _ties(flow: Flow) -> Iterator[Record]:
    for tie in flow.ties:
        yield {
            "tie": tie.grade,
            "confidence": tie.confidence.label,
            "end": tie.end,
            "outgoing": tie.is_outgoing,
            "retry": tie.is_retry,
            "infohashes": [str(inferred.infohash) for inferred in tie.infohashes],
            "sources": sorted({source for inferred in tie.infohashes for source in inferred.sources}, reverse=True),
            "senders": [inferred.senders for inferred in tie.infohashes],
        }


def _fact(fact: Fact) -> Mapping[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one for each kind
    match fact:
        case Handshake():
            return {"infohash": str(fact.infohash), "peer_id": fact.peer_id.decode("latin-1")}
        case Messages():
            return {"pieces": fact.pieces, "piece_bytes": fact.piece_bytes, "partial": fact.partial, **fact.counts}
        case Extended():
            client = fact.client.decode("latin-1") if fact.client is not None else None
            return {"client": client, "port": fact.port, "metadata_size": fact.metadata_size, **fact.messages}
        case Pex():
            return {"added": fact.added, "dropped": fact.dropped}
        case Metadata():
            return {"requests": fact.requests, "blocks": fact.blocks, "rejects": fact.rejects}
        case Datagrams():
            return {"queries": fact.queries, "replies": fact.replies, "errors": fact.errors}
        case Utp():
            return {"began": fact.began, "lost": fact.lost}
        case TrackerAnnounce():
            told = {"infohash": str(fact.infohash), "credentials": fact.credentials, "host": fact.host}
            return {**told, "answered": fact.answer is not None}
        case TrackerScrape():
            return {"scraped": len(fact.infohashes), "answered": fact.answered, "host": fact.host}
        case TorrentFile():
            return {"v1": _hex(fact.v1), "v2": _hex(fact.v2)}
        case WebSeed():
            return {"infohash": str(fact.infohash), "bytes_asked": fact.bytes}
        case ExternalAddress():
            return {"ip": str(fact.ip), "told_by": fact.told_by}
        case AllowedFast():
            return {"infohash": str(fact.infohash), "allowed": len(fact.indexes)}
        case Encrypted():
            return {"flights": list(fact.flights), "signature": fact.signature}
        case _:
            return _around(fact)


def _around(fact: Fact) -> Mapping[str, Any]:
    match fact:
        case LocalAnnounce():
            return {"infohash": str(fact.infohash), "port": fact.port}
        case PortMapping():
            internal = "{}:{}".format(*fact.internal) if fact.internal else None
            told = {"external_port": fact.external_port, "client": fact.client, "granted": fact.granted}
            return {"internal": internal, **told}
        case Name():
            return {"name": fact.name, "what": fact.what, "answered": fact.answered}
        case SslTorrent():
            return {"infohash": str(fact.infohash), "answered": fact.answered}
        case _:
            return {}


def _hex(infohash: Infohash | None) -> str | None:
    return str(infohash) if infohash else None


def _end(endpoint: Endpoint) -> str:
    return f"[{endpoint.ip}]:{endpoint.port}" if endpoint.ip.version == 6 else f"{endpoint.ip}:{endpoint.port}"
