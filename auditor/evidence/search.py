"""What a record is found by: columns and index rows that are made from its parts, and go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.moment import since_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.evidence.canonical import Json
    from auditor.evidence.record import Record

_ABOUT: dict[str, str] = {
    "observation": "flow",
    "flow": "id",
    "attribution": "incident",
    "verdict": "incident",
    "incident": "id",
    "capture": "sha256",
    "identity": "sha256",
    "policy": "sha256",
    "note": "incident",
    "sensor": "run",
}
"""Which word of the body says what a record is about, by kind."""


class Columns(NamedTuple):
    """What stands beside a body. It goes with the body."""

    about: str | None
    """The incident, the flow, or the file by its hash."""
    first: int | None
    """When it began; the record's own time is when it was last so."""
    group: str | None
    verdict: str | None
    severity: str | None


class Found(NamedTuple):
    """All that a record is found by."""

    columns: Columns
    infohashes: tuple[str, ...]
    members: tuple[str, ...]
    """Flows and activities of an incident, and incidents that became a part of it."""
    hosts: tuple[str, ...]
    """Addresses. They go with the identifying part."""


_NOTHING = Columns(None, None, None, None, None)


def found_by(record: Record) -> Found:
    """Return what a record is found by."""
    body, kind = record.body, record.kind
    key = _ABOUT.get(kind)
    if key is None:
        return Found(_NOTHING, (), (), ())
    begun = body.get("first")
    columns = Columns(
        _text(body.get(key)),
        since_epoch(begun) if kind == "incident" and isinstance(begun, str) else None,
        _text(body.get("group")),
        _text(body.get("verdict")),
        _text(body.get("severity")),
    )
    members: tuple[str, ...] = ()
    if kind == "incident":
        members = tuple(each for name in ("flows", "activities", "merged") for each in _texts(body.get(name)))
    identifying = record.identifying
    hosts = () if identifying is None else tuple(dict.fromkeys(_hosts(identifying)))
    return Found(columns, tuple(dict.fromkeys(_infohashes(body))), members, hosts)


def _infohashes(body: Mapping[str, Json]) -> Iterator[str]:
    """Yield every name of every torrent that a body is about; a v2 one also as the wire has it."""
    told = body.get("infohashes")
    listed: list[Json] = []
    if isinstance(told, Mapping):
        listed = [*_texts(told.get("wire")), told.get("v1"), told.get("v2")]
    elif isinstance(told, Sequence) and not isinstance(told, str):
        listed = [each.get("wire") if isinstance(each, Mapping) else each for each in told]
    yield from (each for each in listed if isinstance(each, str))


def _hosts(identifying: Mapping[str, Json]) -> Iterator[str]:
    host = identifying.get("host")
    if isinstance(host, str):
        yield host
    for end in ("orig", "resp"):
        endpoint = identifying.get(end)
        if isinstance(endpoint, Mapping) and isinstance(endpoint.get("ip"), str):
            yield str(endpoint["ip"])


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (each for each in value if isinstance(each, str))
