"""What the JSON Schemas of results are put together from: one form for each kind of value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.model.scale import Scale

Json = dict[str, Any]

COUNT: Json = {"type": "integer", "minimum": 0}
MAYBE_COUNT: Json = {"type": ["integer", "null"], "minimum": 0}
COUNTS: Json = {"type": "object", "additionalProperties": COUNT}
TEXT: Json = {"type": "string"}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
TEXTS: Json = {"type": "array", "items": TEXT}
PORT: Json = {"type": "integer", "minimum": 0, "maximum": 65535}
MOMENT: Json = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$",
    "description": "RFC 3339, UTC, nine decimals",
}
SHA256: Json = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
INFOHASH: Json = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
INFOHASHES: Json = {"type": "array", "items": INFOHASH}
END: Json = {"enum": ["orig", "resp"]}


def closed(properties: Json, description: str | None = None) -> Json:
    """Every property is there, and no other."""
    shape: Json = {"type": "object", "additionalProperties": False, "required": list(properties)}
    if description:
        shape["description"] = description
    return shape | {"properties": properties}


def or_null(shape: Json) -> Json:
    """Let it be null."""
    return {"anyOf": [shape, {"type": "null"}]}


def scale(words: type[Scale], description: str | None = None) -> Json:
    """Return the words of a scale."""
    shape: Json = {"enum": [member.label for member in words]}
    return shape | {"description": description} if description else shape


def several(name: str) -> Json:
    """Return an array of what ``$defs`` has under a name."""
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
