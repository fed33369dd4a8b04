"""The JSON Schema (draft 2020-12) of what ``auditor audit --format json`` and ``--format jsonl`` print."""

from __future__ import annotations

from auditor.audit.document import SCHEMA
from auditor.audit.words import (
    COUNT,
    COUNTS,
    END,
    INFOHASH,
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
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, People, Severity, Verdict


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
        "auditor": closed({"version": TEXT}),
        "policy": closed({"name": MAYBE_TEXT, "sha256": SHA256}, "all null where no policy was given"),
        "identity": _identity(),
        "people": {"enum": [people.value for people in People], "description": "how the policy lets people be shown"},
        "limits_hit": COUNTS | {"description": "caps that were reached, and how often; empty: nothing was left out"},
    }
    lists = {
        "captures": several("capture"),
        "incidents": several("incident"),
        "torrents": several("torrent"),
        "activities": several("activity"),
        "flows": several("flow"),
        "external_addresses": several("external_address"),
    }
    records = [_record("meta", closed(meta))] + [_record(name, definitions[name]) for name in _RECORDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": f"{SCHEMA}: what an audit of captures found",
        "description": "One document, as printed by --format json. Each line of --format jsonl is one $defs/record.",
        **closed(meta | lists),
        "$defs": definitions | {"record": {"oneOf": records}},
    }


_RECORDS = ("capture", "incident", "torrent", "activity", "flow", "external_address")


def _capture() -> Json:
    return closed(
        {
            "path": TEXT | {"description": "'-' is standard input"},
            "sha256": SHA256 | {"description": "of the bytes on disk; null with --no-hash and for an interface"},
            "vantage": TEXT,
            "packets": COUNT,
            "bytes": COUNT,
            "first": or_null(MOMENT),
            "last": or_null(MOMENT),
            "truncated": {"type": "boolean", "description": "it breaks off; it was audited as far as it goes"},
            "error": MAYBE_TEXT
            | {
                "description": "why it could not be read, or not on if it is truncated: offset (in "
                "decompressed bytes) and what was expected there"
            },
            "anomalies": COUNTS | {"description": "malformed or missing traffic, by kind"},
        },
        "A capture file, standard input or an interface, as far as it was read",
    )


def _incident() -> Json:
    infohashes = closed(
        {
            "wire": INFOHASHES
            | {
                "description": "the 20-byte names that the host used; two where it used both of a hybrid's (BEP 52); "
                "of kind 'encrypted', the torrents of which it may be one"
            },
            "v1": or_null(INFOHASH),
            "v2": or_null(INFOHASH),
            "basis": {"enum": [basis.value for basis in Basis]},
        }
    )
    return closed(
        {
            "id": {"type": "string", "pattern": r"^i-\d{4,}$"},
            "kind": {"enum": ["swarm", "dht", "encrypted"]},
            "host": TEXT | {"description": "address of the inside host; of the originator where no end is inside"},
            "attribution": {"$ref": "#/$defs/attribution"},
            "infohashes": or_null(infohashes) | {"description": "null where nothing says which torrent it is"},
            "name": MAYBE_TEXT
            | {"description": "of the torrent, where a policy list or rule names it, or with --show-names"},
            "first": MOMENT,
            "last": MOMENT,
            "participation": scale(Participation, "what the host itself did, at most"),
            "confidence": scale(Confidence, "how sure it is that this is BitTorrent"),
            "detectors": TEXTS
            | {"description": "all that saw something; those of names and gateways are not judged by"},
            "downloaded": COUNT | {"description": "bytes towards the host, measured"},
            "uploaded": COUNT | {"description": "bytes from the host, measured"},
            "amount_basis": scale(
                AmountBasis,
                "what the amounts rest on; 'verified': all of it hashes to what the torrent's metadata says; 'flow' is "
                "an upper bound: all payload",
            ),
            "claimed": or_null(_claimed())
            | {"description": "what the host itself told trackers; null where it told none. Nothing checks it"},
            "trackers": TEXTS
            | {
                "description": "addresses of the trackers that it told or asked, and up to 16 names by which it "
                "asked for them over HTTP or WebSocket: its own word"
            },
            "torrent": MAYBE_TEXT | {"description": "id in torrents, where the torrent's metadata is known"},
            "verified": or_null(_verified())
            | {"description": "what is proven to be the torrent's; null where no metadata is known to compare with"},
            "verdict": scale(Verdict),
            "rule": MAYBE_TEXT | {"description": "null where no rule matched and the group's default spoke"},
            "severity": scale(Severity),
            "reason": TEXT,
            "lapsed": TEXTS | {"description": "exceptions that would have come before the rule, had they not ended"},
            "flows": TEXTS | {"description": "ids of its flows"},
        },
        "One inside host in one swarm, or its talk with the DHT, or its encrypted talk, judged: a lead about a device, "
        "not about a person",
    )


def _verified() -> Json:
    place = COUNT | {"description": "its place in the torrent's files"}
    return closed(
        {
            "downloaded": COUNT | {"description": "bytes of pieces that hash to what the metadata says"},
            "uploaded": COUNT,
            "wrong": COUNT | {"description": "bytes of whole pieces, either way, that hash to something else"},
            "files": {
                "type": "array",
                "items": closed({"file": place, "downloaded": COUNT, "uploaded": COUNT}),
            },
        }
    )


def _torrent() -> Json:
    return closed(
        {
            "id": {"type": "string", "pattern": r"^t-\d{4,}$"},
            "infohashes": closed({"v1": or_null(INFOHASH), "v2": or_null(INFOHASH)}),
            "name": MAYBE_TEXT | {"description": "where a policy list names it, or with --show-names; hostile text"},
            "private": {
                "type": ["boolean", "null"],
                "description": "its peers come from its trackers alone (BEP 27); null, as what follows: unreadable",
            },
            "size": MAYBE_COUNT,
            "piece_length": MAYBE_COUNT,
            "files": or_null(
                {
                    "type": "array",
                    "items": closed(
                        {"path": MAYBE_TEXT | {"description": "only with --show-names; hostile text"}, "size": COUNT}
                    ),
                }
            ),
        },
        "A torrent of an incident whose metadata is known: it passed and hashes to its infohash, or a list has it",
    )


def _claimed() -> Json:
    claim = {"downloaded": MAYBE_COUNT, "uploaded": MAYBE_COUNT, "left": MAYBE_COUNT}
    completed = {"type": "boolean", "description": "it said once that the download had just completed"}
    first = closed(claim, "the same in its first announce; since then is the difference, unless the client began anew")
    return closed(
        {**claim, "completed": completed, "first": first},
        "A client's claims about itself in its last announce, in bytes, which are no measurement: since the client was "
        "started, not since the capture began",
    )


def _attribution() -> Json:
    candidate = {"group": TEXT, "subject": MAYBE_TEXT, "source": TEXT, "reason": TEXT}
    return closed(
        {
            "group": TEXT | {"description": "'unattributed': no group claims it; 'unknown': no inside end at all"},
            "subject": MAYBE_TEXT,
            "status": {"enum": ["attributed", "ambiguous", "unattributed"]},
            "source": MAYBE_TEXT | {"description": "what gives the group"},
            "lines": TEXTS
            | {"description": "lines of identity sources on which it rests: source, file and line, never the text"},
            "clock": {"enum": ["measured", "declared", "unknown", None]}
            | {"description": "how well the source's clock is known against the capture's; null where none was asked"},
            "candidates": {"type": "array", "items": closed(candidate)},
        },
        "Whose address it was, as the policy's people lets it be shown",
    )


def _identity() -> Json:
    file = {
        "path": TEXT,
        "sha256": SHA256,
        "lines": COUNT,
        "refused": COUNT | {"description": "lines that could not be read"},
    }
    clock = {
        "basis": {"enum": ["measured", "declared", "unknown"]},
        "offset_seconds": {"type": ["number", "null"], "description": "what was added to the source's times"},
        "margin_seconds": {"type": ["number", "null"], "minimum": 0},
        "matches": COUNT | {"description": "events of the source that were found as frames of the capture"},
    }
    source = {
        "name": TEXT,
        "kind": TEXT,
        "files": {"type": "array", "items": closed(file)},
        "clock": closed(clock, "the source's clock against the capture's"),
    }
    return closed(
        {
            "sha256": SHA256 | {"description": "of the identity file and all that it names; null where none was given"},
            "sources": {"type": "array", "items": closed(source)},
        },
        "What says who held which address",
    )


def _activity() -> Json:
    return closed(
        {
            "host": TEXT,
            "port": PORT,
            "kind": {"const": "dht"},
            "first": MOMENT,
            "last": MOMENT,
            "nodes": COUNT | {"description": "distinct remote addresses and ports"},
            "queries": closed({"in": COUNTS, "out": COUNTS}, "queries received and sent, by method"),
            "announced": INFOHASHES,
            "looked_up": INFOHASHES
            | {"description": "every infohash asked for; routing asks for some too, which make no incident"},
            "incidents": TEXTS,
        },
        "One host and port in the mainline DHT (BEP 5)",
    )


def _flow() -> Json:
    endpoint = closed({"ip": TEXT, "port": PORT})
    each_end = closed({"orig": COUNT, "resp": COUNT})
    whose = or_null({"$ref": "#/$defs/attribution"})
    peer_id = {"type": ["string", "null"], "pattern": "^[0-9a-f]{40}$"}
    return closed(
        {
            "id": {"type": "string", "pattern": r"^f-\d{6,}$"},
            "community_id": TEXT,
            "vantage": TEXT,
            "transport": {"enum": ["tcp", "udp"]},
            "orig": endpoint,
            "resp": endpoint,
            "vlan": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 4095}},
            "first": MOMENT,
            "last": MOMENT,
            "packets": each_end,
            "bytes": each_end | {"description": "transport payload that each end sent, retransmissions once"},
            "confidence": scale(Confidence),
            "detectors": TEXTS,
            "infohashes": {
                "type": "array",
                "items": closed({"wire": INFOHASH, "basis": {"enum": [basis.value for basis in Basis]}}),
            },
            "ties": {"type": "array", "items": _tie()},
            "peers": {
                "type": "array",
                "items": closed({"end": END, "peer_id": peer_id, "client": MAYBE_TEXT}),
                "description": "what each end's handshakes and announces claim it is (BEP 20); anyone can claim that",
            },
            "inside_end": {"enum": ["orig", "resp", "both", "none"]},
            "attribution": closed({"orig": whose, "resp": whose}, "null for an end that is outside"),
            "incidents": TEXTS,
            "verdict": or_null(scale(Verdict)) | {"description": "the gravest of its incidents'"},
        },
        "Both directions of a 5-tuple between first packet and expiry, with BitTorrent observed in it",
    )


def _external_address() -> Json:
    maybe_port = {**PORT, "type": ["integer", "null"]}
    return closed(
        {
            "host": TEXT | {"description": "address of the inside host"},
            "host_port": maybe_port | {"description": "its own port that 'port' stands for; null where none was told"},
            "ip": TEXT | {"description": "the address that it was told to have, as seen from outside"},
            "port": maybe_port,
            "told_by": TEXT
            | {
                "description": "in which talk: tracker, dht, handshake, gateway; or 'allowed-fast', by a set of pieces "
                "(BEP 6) that fits this address, which others told"
            },
            "tellers": COUNT | {"description": "distinct remote ends that said so, at least; any of them may lie"},
            "first": MOMENT,
            "last": MOMENT,
            "flow": MAYBE_TEXT | {"description": "id of the flow in which it was told first; null where the DHT told"},
        },
        "A public address that an inside host was told to have: what ties an outside complaint to it",
    )


def _tie() -> Json:
    inferred = {
        "wire": INFOHASH,
        "sources": TEXTS | {"description": "where the other end was named for it; 'handshake' is the host's own"},
        "senders": COUNT | {"description": "how many independent senders said so"},
        "learnt": MOMENT | {"description": "when last before the flow"},
    }
    return closed(
        {
            "end": END | {"description": "the inside host"},
            "outgoing": {"type": "boolean", "description": "that end began it"},
            "grade": {
                "enum": ["attributed", "single-source", "host-level"],
                "description": "by several senders or the host's own refused handshake; by one sender's word, which "
                "may be forged; by what the host does with many others",
            },
            "retry": {"type": "boolean", "description": "the same endpoint had just refused it in clear"},
            "rules": COUNT | {"description": "version of the rules"},
            "infohashes": {"type": "array", "items": closed(inferred), "description": "all torrents it may be about"},
        },
        "What ties an encrypted flow to BitTorrent for one end; nothing in the flow itself says so",
    )


def _record(name: str, shape: Json) -> Json:
    properties = {"record": {"const": name}} | shape["properties"]
    return {"title": name} | shape | {"required": list(properties), "properties": properties}
