"""What is seen, judged and watched, as records: one function for each kind of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from auditor import __version__
from auditor.evidence.record import Record, named_id, new_id
from auditor.evidence.shapes import attribution_parts, conduct_parts, judgement_json
from auditor.model.moment import NANOSECONDS, rfc3339
from auditor.model.shaping import moment_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.evidence.canonical import Json
    from auditor.model.capture import CaptureInfo
    from auditor.model.coverage import CanaryResult, CoverageMinute
    from auditor.model.identity import IdentityRead, Offset
    from auditor.model.incident import Incident
    from auditor.model.standing import IncidentChange

MAX_POLICY = 900_000
"""Bytes of a policy's text that is kept."""
_OWNER = "a0d17000-0000-8000-8000-000000000000"
"""Whose ids by content are: the same policy has the same one in any store."""


class Grounds(NamedTuple):
    """What judgements rest on."""

    policy_sha256: str | None = None
    identity_sha256: str | None = None


def incident_record(change: IncidentChange, members: Mapping[str, Json], grounds: Grounds) -> Record:
    """Return an incident's version; what it says at its head is the gravest, which sticks."""
    incident, gravest = change.incident, change.gravest
    body, identifying = conduct_parts(incident.conduct)
    held, holder = attribution_parts(incident.attribution)
    head: dict[str, Json] = {
        "id": incident.id,
        "sensor": change.sensor,
        "people": change.people.value,
        "is_over": change.is_over,
        "caused": rfc3339(change.caused),
        "merged": list(change.merged),
        "group": held["group"],
        "attribution": held,
        **judgement_json(gravest.judgement),
        "gravest_at": rfc3339(gravest.at),
        "gravest_policy_sha256": gravest.policy_sha256,
        "now": judgement_json(incident.judgement),
        "noted": [{"rule": noted.rule, "what": noted.what} for noted in change.noted],
        "policy_sha256": grounds.policy_sha256,
        "identity_sha256": grounds.identity_sha256,
    }
    who = identifying | {"name": incident.name, "attribution": holder}
    at = incident.conduct.last
    return Record("incident", new_id(at), at, head | body | dict(members), who)


def verdict_record(incident: Incident, at: int, grounds: Grounds) -> Record:
    """Return what policy says of an incident from now on."""
    body: dict[str, Json] = {
        "incident": incident.id,
        "group": incident.attribution.group,
        **judgement_json(incident.judgement),
        "policy_sha256": grounds.policy_sha256,
        "identity_sha256": grounds.identity_sha256,
    }
    return Record("verdict", new_id(at), at, body)


def attribution_record(incident: Incident, at: int, grounds: Grounds) -> Record:
    """Return whose an incident is from now on, with all who were weighed."""
    body, identifying = attribution_parts(incident.attribution)
    head: dict[str, Json] = {"incident": incident.id, "identity_sha256": grounds.identity_sha256}
    who = {"host": str(incident.conduct.host), "mac": incident.conduct.mac}
    return Record("attribution", new_id(at), at, head | body, who | identifying)


def of_coverage(minute: CoverageMinute) -> Record:
    """Record a minute of watching."""
    body: dict[str, Json] = {
        "sensor": minute.sensor,
        "watched": minute.watched,
        "frames": minute.frames,
        "bytes": minute.bytes,
        "lost": minute.lost,
        "discarded": dict(minute.discarded),
        "unseen_bytes": minute.unseen_bytes,
        "down": dict(minute.down),
        "clock_step": str(minute.clock_step),
        "clock_offset": None if minute.clock_offset is None else str(minute.clock_offset),
        "restarts": minute.restarts,
        "canaries": [_canary(canary) for canary in minute.canaries],
    }
    return Record("coverage", new_id(minute.begin), minute.begin, body)


def _canary(canary: CanaryResult) -> dict[str, Json]:
    return {
        "at": rfc3339(canary.at),
        "over": canary.over,
        "saw_handshake": canary.saw_handshake,
        "saw_dht": canary.saw_dht,
        "delay": canary.delay,
        "error": canary.error,
    }


def of_policy(text: bytes, *, name: str | None, at: int, sha256: str | None = None) -> Record:
    """Record the text of a policy, once: it names people, so it stands apart.

    ``sha256`` is the policy's as results tell it, which is the file's own unless its lists point at other files.
    """
    own = hashlib.sha256(text).hexdigest()
    body: dict[str, Json] = {
        "sha256": sha256 or own,
        "file_sha256": own,
        "name": name,
        "bytes": len(text),
        "is_whole": len(text) <= MAX_POLICY,
    }
    told: dict[str, Json] = {"text": text[:MAX_POLICY].decode("utf-8", "replace")}
    return Record("policy", named_id(_OWNER, "policy", sha256 or own, own), at, body, told)


def of_identity(read: IdentityRead, *, at: int) -> Record:
    """Record what was read of identity sources, once for each state of them; their paths stand apart."""
    body: dict[str, Json] = {
        "sha256": read.sha256,
        "sources": [
            {
                "name": source.name,
                "kind": source.kind,
                "clock": _clock(source.clock),
                "files": [
                    {"sha256": file.sha256, "lines": file.lines, "refused": file.refused} for file in source.files
                ],
            }
            for source in read.sources
        ],
    }
    paths: list[Json] = [[file.path for file in source.files] for source in read.sources]
    # The same files may be read beside other frames, by which their clocks are measured.
    clocks = [str(source.clock.nanoseconds) for source in read.sources if source.clock.basis == "measured"]
    return Record("identity", named_id(_OWNER, "identity", read.sha256, *clocks), at, body, {"paths": paths})


def _clock(clock: Offset) -> dict[str, Json]:
    """Return how far a clock is known, without fractions: canonical JSON has none."""
    known = clock.basis != "unknown"
    return {
        "basis": clock.basis,
        "offset_ms": clock.nanoseconds * 1000 // NANOSECONDS if known else None,
        "margin_ms": clock.margin * 1000 // NANOSECONDS if known else None,
        "matches": clock.matches,
    }


def of_capture(capture: CaptureInfo, *, run: str, at: int, index: int = 0) -> Record:
    """Record a capture that was read, by whose index frames are named; its path stands apart."""
    body: dict[str, Json] = {
        "run": run,
        "index": index,
        "sha256": capture.sha256,
        "vantage": capture.vantage,
        "packets": capture.packets,
        "bytes": capture.bytes,
        "first": moment_json(capture.first),
        "last": moment_json(capture.last),
        "truncated": capture.truncated,
        "error": capture.error,
        "anomalies": dict(capture.anomalies),
    }
    return Record("capture", new_id(at), at, body, {"path": capture.path})


def of_sensor_event(what: str, words: Mapping[str, Json], *, at: int, run: str, sensor: str) -> Record:
    """Record what happened to the sensor itself: that it started, stopped, or took another policy."""
    body: dict[str, Json] = {"run": run, "sensor": sensor, "event": what, "version": __version__, "words": dict(words)}
    return Record("sensor", new_id(at), at, body)
