"""The JSON Schema (draft 2020-12) of what ``auditor evidence list`` and ``show`` print with ``--format json``.

Of a record whose parts were deleted, nothing of them is there; of all others everything is, but for what the policy's
``people`` and the missing ``--show-names`` keep back.
"""

from __future__ import annotations

from auditor.audit.schema import schema as audit_schema
from auditor.audit.words import (
    COUNT,
    END,
    INFOHASHES,
    MAYBE_COUNT,
    MAYBE_TEXT,
    MOMENT,
    PORT,
    SHA256,
    TEXT,
    TEXTS,
    Json,
    closed,
    or_null,
    scale,
    several,
)
from auditor.cli.stored import SCHEMA
from auditor.model.scale import AmountBasis, Confidence, Participation, People, Severity, Verdict

_FLAG: Json = {"type": "boolean"}
_FRAMES: Json = {
    "type": "array",
    "items": {"type": "array", "prefixItems": [COUNT, COUNT], "items": False, "minItems": 2},
    "description": "which capture or interface, and which frame of it",
}
_NUMBERS: Json = {"type": "array", "items": COUNT}
_VLAN: Json = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 4095}}
_EACH_END: Json = closed({"orig": COUNT, "resp": COUNT})
_CLOCK: Json = {"enum": ["measured", "declared", "unknown", None]}
_OPEN: Json = {"type": "object"}
_HELD_BACK = ("mac", "torrent_name", "name")
"""What is there only where people may be named, or names are asked for."""

_ABOUT: Json = {
    "record": TEXT | {"description": "the record's id"},
    "sequence": COUNT | {"description": "its place in the store"},
    "leaf": {
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
        "description": "the hash that stays when parts are deleted",
    },
    "at": MOMENT,
    "deleted": {"type": "array", "items": {"enum": ["body", "identifying", "slices"]}},
    "has_slices": _FLAG | {"description": "the frames that prove it are in the store"},
}
_JUDGEMENT: Json = {
    "verdict": scale(Verdict),
    "rule": MAYBE_TEXT | {"description": "null where no rule matched and the group's default spoke"},
    "severity": scale(Severity),
    "reason": TEXT,
    "lapsed": TEXTS,
}
_GROUNDS: Json = {"policy_sha256": SHA256, "identity_sha256": SHA256}


def schema() -> Json:
    """Return the schema: a list of incidents, or one incident with all that is known of it."""
    of_audit = audit_schema()["$defs"]
    incident = _incident(of_audit)
    listed = _with(incident, {"status": {"enum": ["reviewed", "false-positive", "resolved", "unreviewed"]}})
    definitions = {
        "incident": incident,
        "listed": listed,
        "verdict": _record({"incident": TEXT, "group": TEXT, **_JUDGEMENT, **_GROUNDS}, {}),
        "attribution": _attribution(),
        "observation": _observation(),
        "flow": _flow(of_audit["flow"]["properties"]),
        "note": _record(
            {"incident": TEXT, "status": {"enum": ["reviewed", "false-positive", "resolved"]}},
            {"by": TEXT, "reason": TEXT},
        ),
    }
    list_ = {"schema": {"const": SCHEMA}, "incidents": several("listed")}
    one = {
        "schema": {"const": SCHEMA},
        "incident": TEXT | {"description": "its id, the same in every version"},
        "versions": several("incident"),
        "verdicts": several("verdict"),
        "attributions": several("attribution"),
        "observations": several("observation"),
        "flows": several("flow"),
        "notes": several("note"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": f"{SCHEMA}: what a store holds of incidents",
        "oneOf": [closed(list_, "evidence list"), closed(one, "evidence show")],
        "$defs": definitions,
    }


def _incident(of_audit: Json) -> Json:
    told = of_audit["incident"]["properties"]
    candidate: Json = {"type": "object", "additionalProperties": False, "required": ["group"]}
    candidate["properties"] = {"group": TEXT, "subject": MAYBE_TEXT, "source": TEXT, "reason": TEXT}
    attribution: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": ["candidates"],
        "properties": {**_held(), **_holder(), "candidates": {"type": "array", "items": candidate}},
    }
    what = {
        "id": TEXT,
        "sensor": TEXT,
        "people": {"enum": [people.value for people in People]},
        "is_over": _FLAG,
        "caused": MOMENT | {"description": "of the frame for which there is this version"},
        "merged": TEXTS | {"description": "incidents that became a part of it"},
        "group": TEXT,
        **_JUDGEMENT,
        "gravest_at": MOMENT | {"description": "when the verdict, the gravest that was ever given, was given"},
        "gravest_policy_sha256": SHA256,
        "now": closed(_JUDGEMENT, "what the policy in force says of it"),
        "noted": {"type": "array", "items": closed({"rule": TEXT, "what": TEXT})},
        **_GROUNDS,
        "kind": told["kind"],
        "vantage": TEXT,
        "vlan": _VLAN,
        "first": MOMENT,
        "last": MOMENT,
        "participation": scale(Participation),
        "confidence": scale(Confidence),
        "detectors": TEXTS,
        "beside": TEXTS,
        "infohashes": told["infohashes"],
        "downloaded": COUNT,
        "uploaded": COUNT,
        "amount_basis": scale(AmountBasis),
        "claimed": told["claimed"],
        "verified": or_null(_verified()),
        "swarm_size": MAYBE_COUNT,
        "private": {"type": ["boolean", "null"]},
        "frames": _FRAMES,
    }
    members = {"run": TEXT, "flows": TEXTS, "activities": TEXTS, "flows_left_out": COUNT}
    who = {
        "host": TEXT,
        "mac": MAYBE_TEXT,
        "ports": {"type": "array", "items": PORT},
        "remote_ports": {"type": "array", "items": PORT},
        "trackers": {"type": "array", "items": TEXTS},
        "clients": TEXTS,
        "torrent_name": MAYBE_TEXT,
        "name": MAYBE_TEXT | {"description": "that a list of the policy gives it"},
    }
    shape = _kept({**what, **members}, who, [name for name in (*what, *members, *who) if name not in _HELD_BACK])
    return _with(shape, {"attribution": attribution})


def _held() -> Json:
    return {"group": TEXT, "status": {"enum": ["attributed", "ambiguous", "unattributed"]}, "clock": _CLOCK}


def _holder() -> Json:
    return {"subject": MAYBE_TEXT, "source": MAYBE_TEXT, "lines": TEXTS}


def _attribution() -> Json:
    candidate = closed({"group": TEXT, "subject": MAYBE_TEXT, "source": TEXT, "reason": TEXT})
    who = {**_holder(), "host": TEXT, "mac": MAYBE_TEXT, "candidates": {"type": "array", "items": candidate}}
    return _record({"incident": TEXT, "identity_sha256": SHA256, **_held(), "candidates": TEXTS}, who)


def _observation() -> Json:
    """Return an observation's: a flow's, or a host's talk with the DHT, which has no ends and no count."""
    what = {
        "flow": TEXT,
        "detector": TEXT,
        "first": MOMENT,
        "last": MOMENT,
        "frames": _FRAMES,
        "infohashes": INFOHASHES,
        "fact": _OPEN | {"required": ["kind"], "properties": {"kind": TEXT}},
    }
    of_flow = {"confidence": scale(Confidence), "end": END, "stream": COUNT, "count": COUNT}
    of_dht = {"vantage": TEXT, "vlan": _VLAN, "is_over": _FLAG}
    shape = _kept({**what, **of_flow, **of_dht}, {}, list(what))
    return _with(shape, {"identifying": or_null(_OPEN)})


def _flow(told: Json) -> Json:
    end: Json = {"type": "object", "additionalProperties": False, "required": ["ip", "port"]}
    end["properties"] = {"ip": TEXT, "port": PORT, "mac": MAYBE_TEXT}
    verified = closed(
        {"stream": COUNT, "end": END, "verified": COUNT, "wrong": COUNT, "incomplete": COUNT, "unknown": COUNT}
    )
    what = {
        "id": TEXT,
        "sensor": TEXT,
        "is_over": _FLAG,
        "vantage": TEXT,
        "transport": told["transport"],
        "vlan": _VLAN,
        "tunnel": or_null(closed({"kind": TEXT, "id": COUNT})),
        "first": MOMENT,
        "last": MOMENT,
        "packets": _EACH_END,
        "bytes": _EACH_END,
        "missing": _EACH_END | {"description": "payload that was sent and not captured"},
        "confidence": scale(Confidence),
        "detectors": TEXTS,
        "infohashes": told["infohashes"],
        "infohashes_left_out": COUNT,
        "ties": told["ties"],
        "verified": {"type": "array", "items": verified},
        "minutes": {"type": "array", "items": _NUMBERS},
    }
    return _record(what, {"orig": end, "resp": end, "community_id": TEXT, "peers": told["peers"]})


def _verified() -> Json:
    return closed(
        {"downloaded": COUNT, "uploaded": COUNT, "wrong": COUNT, "files": {"type": "array", "items": _NUMBERS}}
    )


def _record(what: Json, who: Json) -> Json:
    """Return the form of a record whose identifying part stands apart."""
    identifying: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in who if name not in _HELD_BACK],
        "properties": who,
    }
    return _with(_kept(what, {}, list(what)), {"identifying": or_null(identifying) if who else {"type": "null"}})


def _kept(what: Json, who: Json, required: list[str]) -> Json:
    """Return the form of a record: nothing of it was deleted, and then all is there; or some was."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(_ABOUT),
        "properties": {**what, **who, **_ABOUT},
        "if": {"properties": {"deleted": {"maxItems": 0}}},
        "then": {"required": required},
    }


def _with(shape: Json, more: Json) -> Json:
    return {
        **shape,
        "required": [*shape["required"], *more],
        "properties": {**shape["properties"], **more},
    }
