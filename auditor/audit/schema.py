"""The JSON Schema (draft 2020-12) of what ``auditor audit --format json`` and ``--format jsonl`` print."""

from __future__ import annotations

from typing import Any

from auditor.audit.document import SCHEMA
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, People, Scale, Severity, Verdict

Json = dict[str, Any]

_COUNT: Json = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: Json = {"type": ["integer", "null"], "minimum": 0}
_COUNTS: Json = {"type": "object", "additionalProperties": _COUNT}
_TEXT: Json = {"type": "string"}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_PORT: Json = {"type": "integer", "minimum": 0, "maximum": 65535}
_MOMENT: Json = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$",
    "description": "RFC 3339, UTC, nine decimals",
}
_SHA256: Json = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
_INFOHASH: Json = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
_INFOHASHES: Json = {"type": "array", "items": _INFOHASH}
_END: Json = {"enum": ["orig", "resp"]}


def schema() -> Json:
    """Return the schema: of the document at the root, of one JSON line in ``$defs/record``."""
    definitions = {
        "attribution": _attribution(),
        "capture": _capture(),
        "incident": _incident(),
        "torrent": _torrent(),
        "activity": _activity(),
        "flow": _flow(),
        "external_address": _external_address(),
    }
    meta = {
        "schema": {"const": SCHEMA},
        "auditor": _object({"version": _TEXT}),
        "policy": _object({"name": _MAYBE_TEXT, "sha256": _SHA256}, "all null where no policy was given"),
        "identity": _identity(),
        "people": {"enum": [people.value for people in People], "description": "how the policy lets people be shown"},
        "limits_hit": _COUNTS | {"description": "caps that were reached, and how often; empty: nothing was left out"},
    }
    lists = {
        "captures": _list("capture"),
        "incidents": _list("incident"),
        "torrents": _list("torrent"),
        "activities": _list("activity"),
        "flows": _list("flow"),
        "external_addresses": _list("external_address"),
    }
    records = [_record("meta", _object(meta))] + [_record(name, definitions[name]) for name in _RECORDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": f"{SCHEMA}: what an audit of captures found",
        "description": "One document, as printed by --format json. Each line of --format jsonl is one $defs/record.",
        **_object(meta | lists),
        "$defs": definitions | {"record": {"oneOf": records}},
    }


_RECORDS = ("capture", "incident", "torrent", "activity", "flow", "external_address")


def _capture() -> Json:
    return _object(
        {
            "path": _TEXT | {"description": "'-' is standard input"},
            "sha256": _SHA256 | {"description": "of the bytes on disk; null with --no-hash and for an interface"},
            "vantage": _TEXT,
            "packets": _COUNT,
            "bytes": _COUNT,
            "first": _or_null(_MOMENT),
            "last": _or_null(_MOMENT),
            "truncated": {"type": "boolean", "description": "it breaks off; it was audited as far as it goes"},
            "error": _MAYBE_TEXT
            | {
                "description": "why it could not be read, or not on if it is truncated: offset (in "
                "decompressed bytes) and what was expected there"
            },
            "anomalies": _COUNTS | {"description": "malformed or missing traffic, by kind"},
        },
        "A capture file, standard input or an interface, as far as it was read",
    )


def _incident() -> Json:
    infohashes = _object(
        {
            "wire": _INFOHASHES
            | {
                "description": "the 20-byte names that the host used; two where it used both of a hybrid's (BEP 52); "
                "of kind 'encrypted', the torrents of which it may be one"
            },
            "v1": _or_null(_INFOHASH),
            "v2": _or_null(_INFOHASH),
            "basis": {"enum": [basis.value for basis in Basis]},
        }
    )
    return _object(
        {
            "id": {"type": "string", "pattern": r"^i-\d{4,}$"},
            "kind": {"enum": ["swarm", "dht", "encrypted"]},
            "host": _TEXT | {"description": "address of the inside host; of the originator where no end is inside"},
            "attribution": {"$ref": "#/$defs/attribution"},
            "infohashes": _or_null(infohashes) | {"description": "null where nothing says which torrent it is"},
            "name": _MAYBE_TEXT
            | {"description": "of the torrent, where a policy list or rule names it, or with --show-names"},
            "first": _MOMENT,
            "last": _MOMENT,
            "participation": _scale(Participation, "what the host itself did, at most"),
            "confidence": _scale(Confidence, "how sure it is that this is BitTorrent"),
            "detectors": _TEXTS
            | {"description": "all that saw something; those of names and gateways are not judged by"},
            "downloaded": _COUNT | {"description": "bytes towards the host, measured"},
            "uploaded": _COUNT | {"description": "bytes from the host, measured"},
            "amount_basis": _scale(
                AmountBasis,
                "what the amounts rest on; 'verified': all of it hashes to what the torrent's metadata says; 'flow' is "
                "an upper bound: all payload",
            ),
            "claimed": _or_null(_claimed())
            | {"description": "what the host itself told trackers; null where it told none. Nothing checks it"},
            "trackers": _TEXTS
            | {
                "description": "addresses of the trackers that it told or asked, and up to 16 names by which it "
                "asked for them over HTTP or WebSocket: its own word"
            },
            "torrent": _MAYBE_TEXT | {"description": "id in torrents, where the torrent's metadata is known"},
            "verified": _or_null(_verified())
            | {"description": "what is proven to be the torrent's; null where no metadata is known to compare with"},
            "verdict": _scale(Verdict),
            "rule": _MAYBE_TEXT | {"description": "null where no rule matched and the group's default spoke"},
            "severity": _scale(Severity),
            "reason": _TEXT,
            "lapsed": _TEXTS | {"description": "exceptions that would have come before the rule, had they not ended"},
            "flows": _TEXTS | {"description": "ids of its flows"},
        },
        "One inside host in one swarm, or its talk with the DHT, or its encrypted talk, judged: a lead about a device, "
        "not about a person",
    )


def _verified() -> Json:
    place = _COUNT | {"description": "its place in the torrent's files"}
    return _object(
        {
            "downloaded": _COUNT | {"description": "bytes of pieces that hash to what the metadata says"},
            "uploaded": _COUNT,
            "wrong": _COUNT | {"description": "bytes of whole pieces, either way, that hash to something else"},
            "files": {
                "type": "array",
                "items": _object({"file": place, "downloaded": _COUNT, "uploaded": _COUNT}),
            },
        }
    )


def _torrent() -> Json:
    return _object(
        {
            "id": {"type": "string", "pattern": r"^t-\d{4,}$"},
            "infohashes": _object({"v1": _or_null(_INFOHASH), "v2": _or_null(_INFOHASH)}),
            "name": _MAYBE_TEXT | {"description": "where a policy list names it, or with --show-names; hostile text"},
            "private": {
                "type": ["boolean", "null"],
                "description": "its peers come from its trackers alone (BEP 27); null, as what follows: unreadable",
            },
            "size": _MAYBE_COUNT,
            "piece_length": _MAYBE_COUNT,
            "files": _or_null(
                {
                    "type": "array",
                    "items": _object(
                        {"path": _MAYBE_TEXT | {"description": "only with --show-names; hostile text"}, "size": _COUNT}
                    ),
                }
            ),
        },
        "A torrent of an incident whose metadata is known: it passed and hashes to its infohash, or a list has it",
    )


def _claimed() -> Json:
    claim = {"downloaded": _MAYBE_COUNT, "uploaded": _MAYBE_COUNT, "left": _MAYBE_COUNT}
    completed = {"type": "boolean", "description": "it said once that the download had just completed"}
    first = _object(claim, "the same in its first announce; since then is the difference, unless the client began anew")
    return _object(
        {**claim, "completed": completed, "first": first},
        "A client's claims about itself in its last announce, in bytes, which are no measurement: since the client was "
        "started, not since the capture began",
    )


def _attribution() -> Json:
    candidate = {"group": _TEXT, "subject": _MAYBE_TEXT, "source": _TEXT, "reason": _TEXT}
    return _object(
        {
            "group": _TEXT | {"description": "'unattributed': no group claims it; 'unknown': no inside end at all"},
            "subject": _MAYBE_TEXT,
            "status": {"enum": ["attributed", "ambiguous", "unattributed"]},
            "source": _MAYBE_TEXT | {"description": "what gives the group"},
            "lines": _TEXTS
            | {"description": "lines of identity sources on which it rests: source, file and line, never the text"},
            "clock": {"enum": ["measured", "declared", "unknown", None]}
            | {"description": "how well the source's clock is known against the capture's; null where none was asked"},
            "candidates": {"type": "array", "items": _object(candidate)},
        },
        "Whose address it was, as the policy's people lets it be shown",
    )


def _identity() -> Json:
    file = {
        "path": _TEXT,
        "sha256": _SHA256,
        "lines": _COUNT,
        "refused": _COUNT | {"description": "lines that could not be read"},
    }
    clock = {
        "basis": {"enum": ["measured", "declared", "unknown"]},
        "offset_seconds": {"type": ["number", "null"], "description": "what was added to the source's times"},
        "margin_seconds": {"type": ["number", "null"], "minimum": 0},
        "matches": _COUNT | {"description": "events of the source that were found as frames of the capture"},
    }
    source = {
        "name": _TEXT,
        "kind": _TEXT,
        "files": {"type": "array", "items": _object(file)},
        "clock": _object(clock, "the source's clock against the capture's"),
    }
    return _object(
        {
            "sha256": _SHA256
            | {"description": "of the identity file and all that it names; null where none was given"},
            "sources": {"type": "array", "items": _object(source)},
        },
        "What says who held which address",
    )


def _activity() -> Json:
    return _object(
        {
            "host": _TEXT,
            "port": _PORT,
            "kind": {"const": "dht"},
            "first": _MOMENT,
            "last": _MOMENT,
            "nodes": _COUNT | {"description": "distinct remote addresses and ports"},
            "queries": _object({"in": _COUNTS, "out": _COUNTS}, "queries received and sent, by method"),
            "announced": _INFOHASHES,
            "looked_up": _INFOHASHES
            | {"description": "every infohash asked for; routing asks for some too, which make no incident"},
            "incidents": _TEXTS,
        },
        "One host and port in the mainline DHT (BEP 5)",
    )


def _flow() -> Json:
    endpoint = _object({"ip": _TEXT, "port": _PORT})
    each_end = _object({"orig": _COUNT, "resp": _COUNT})
    whose = _or_null({"$ref": "#/$defs/attribution"})
    peer_id = {"type": ["string", "null"], "pattern": "^[0-9a-f]{40}$"}
    return _object(
        {
            "id": {"type": "string", "pattern": r"^f-\d{6,}$"},
            "community_id": _TEXT,
            "vantage": _TEXT,
            "transport": {"enum": ["tcp", "udp"]},
            "orig": endpoint,
            "resp": endpoint,
            "vlan": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 4095}},
            "first": _MOMENT,
            "last": _MOMENT,
            "packets": each_end,
            "bytes": each_end | {"description": "transport payload that each end sent, retransmissions once"},
            "confidence": _scale(Confidence),
            "detectors": _TEXTS,
            "infohashes": {
                "type": "array",
                "items": _object({"wire": _INFOHASH, "basis": {"enum": [basis.value for basis in Basis]}}),
            },
            "ties": {"type": "array", "items": _tie()},
            "peers": {
                "type": "array",
                "items": _object({"end": _END, "peer_id": peer_id, "client": _MAYBE_TEXT}),
                "description": "what each end's handshakes and announces claim it is (BEP 20); anyone can claim that",
            },
            "inside_end": {"enum": ["orig", "resp", "both", "none"]},
            "attribution": _object({"orig": whose, "resp": whose}, "null for an end that is outside"),
            "incidents": _TEXTS,
            "verdict": _or_null(_scale(Verdict)) | {"description": "the gravest of its incidents'"},
        },
        "Both directions of a 5-tuple between first packet and expiry, with BitTorrent observed in it",
    )


def _external_address() -> Json:
    maybe_port = {**_PORT, "type": ["integer", "null"]}
    return _object(
        {
            "host": _TEXT | {"description": "address of the inside host"},
            "host_port": maybe_port | {"description": "its own port that 'port' stands for; null where none was told"},
            "ip": _TEXT | {"description": "the address that it was told to have, as seen from outside"},
            "port": maybe_port,
            "told_by": _TEXT
            | {
                "description": "in which talk: tracker, dht, handshake, gateway; or 'allowed-fast', by a set of pieces "
                "(BEP 6) that fits this address, which others told"
            },
            "tellers": _COUNT | {"description": "distinct remote ends that said so, at least; any of them may lie"},
            "first": _MOMENT,
            "last": _MOMENT,
            "flow": _MAYBE_TEXT | {"description": "id of the flow in which it was told first; null where the DHT told"},
        },
        "A public address that an inside host was told to have: what ties an outside complaint to it",
    )


def _tie() -> Json:
    inferred = {
        "wire": _INFOHASH,
        "sources": _TEXTS | {"description": "where the other end was named for it; 'handshake' is the host's own"},
        "senders": _COUNT | {"description": "how many independent senders said so"},
        "learnt": _MOMENT | {"description": "when last before the flow"},
    }
    return _object(
        {
            "end": _END | {"description": "the inside host"},
            "outgoing": {"type": "boolean", "description": "that end began it"},
            "grade": {
                "enum": ["attributed", "single-source", "host-level"],
                "description": "by several senders or the host's own refused handshake; by one sender's word, which "
                "may be forged; by what the host does with many others",
            },
            "retry": {"type": "boolean", "description": "the same endpoint had just refused it in clear"},
            "rules": _COUNT | {"description": "version of the rules"},
            "infohashes": {"type": "array", "items": _object(inferred), "description": "all torrents it may be about"},
        },
        "What ties an encrypted flow to BitTorrent for one end; nothing in the flow itself says so",
    )


def _object(properties: Json, description: str | None = None) -> Json:
    """Every property is there, and no other."""
    shape: Json = {"type": "object", "additionalProperties": False, "required": list(properties)}
    if description:
        shape["description"] = description
    return shape | {"properties": properties}


def _record(name: str, shape: Json) -> Json:
    properties = {"record": {"const": name}} | shape["properties"]
    return {"title": name} | shape | {"required": list(properties), "properties": properties}


def _list(name: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _or_null(shape: Json) -> Json:
    return {"anyOf": [shape, {"type": "null"}]}


def _scale(scale: type[Scale], description: str | None = None) -> Json:
    shape: Json = {"enum": [member.label for member in scale]}
    return shape | {"description": description} if description else shape
