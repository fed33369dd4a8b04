"""What is in a store, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select, exists, func, or_, select

from auditor.evidence import schema
from auditor.model.coverage import CanaryResult, CoverageMinute
from auditor.model.moment import since_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from auditor.evidence.store import Store

UNREVIEWED = "unreviewed"
"""The status of an incident that nobody has noted anything of."""
_AT_ONCE = 500
_WIRE_DIGITS = 40
Content = Mapping[str, Any]


class Stored(NamedTuple):
    """A record as it is in the store."""

    sequence: int
    id: str
    kind: str
    at: int
    leaf: bytes
    body: Content | None
    """``None`` where it was deleted."""
    identifying: Content | None
    """``None`` where there was none, or it was deleted."""
    deleted: tuple[str, ...]
    """Parts that were there and are no more."""
    has_slices: bool


class Listed(NamedTuple):
    """An incident in its newest version."""

    id: str
    record: Stored
    status: str


class Filter(NamedTuple):
    """Which incidents are asked for."""

    begin: int | None = None
    """They went on at or after it."""
    end: int | None = None
    """They began before it."""
    group: str | None = None
    verdict: str | None = None
    severity: str | None = None
    infohash: str | None = None
    host: str | None = None
    status: str | None = None
    incident: str | None = None
    """Its id, or an end or a beginning of it."""
    limit: int | None = None
    """The newest of them."""


class History(NamedTuple):
    """All that the store has of one incident, in the order in which it was written."""

    id: str
    versions: tuple[Stored, ...]
    verdicts: tuple[Stored, ...]
    attributions: tuple[Stored, ...]
    notes: tuple[Stored, ...]
    flows: tuple[Stored, ...]
    observations: tuple[Stored, ...]


def incidents(store: Store, wanted: Filter) -> list[Listed]:
    """Return the incidents that are asked for, the newest first; what became a part of another is told with it."""
    with store.reading() as connection:
        statuses = _statuses(connection)
        newest = _newest(wanted)
        query = _records().where(schema.records.c.sequence.in_(newest)).order_by(schema.records.c.at.desc())
        found = []
        for row in connection.execute(_narrowed(query, wanted)):
            status = statuses.get(row.about, UNREVIEWED)
            if wanted.status in {None, status}:
                found.append(Listed(row.about, _stored(row), status))
            if len(found) == wanted.limit:
                break
        return found


def _newest(wanted: Filter) -> Select[int]:
    """Return the newest versions of incidents of which any version is about what is asked for."""
    bodies, records = schema.bodies, schema.records
    versions = select(func.max(bodies.c.sequence)).join(records, records.c.sequence == bodies.c.sequence)
    versions = versions.where(records.c.kind == "incident").group_by(bodies.c.about)
    if wanted.incident is not None:
        versions = versions.where(_is_called(wanted.incident))
    else:
        versions = versions.where(~exists().where(schema.members.c.member == bodies.c.about))
    if wanted.begin is not None:
        late, told = records.alias(), bodies.alias()
        lately = select(told.c.about).join(late, late.c.sequence == told.c.sequence)
        lately = lately.where(late.c.kind == "incident", late.c.at >= wanted.begin)
        versions = versions.where(bodies.c.about.in_(lately))
    for table, column, value in (
        (schema.hosts, schema.hosts.c.host, wanted.host),
        (schema.infohashes, schema.infohashes.c.infohash, wanted.infohash),
    ):
        if value is None:
            continue
        # A v2 torrent is named by its first 20 bytes on the wire.
        values = {value, value[:_WIRE_DIGITS]}
        told = bodies.alias()
        of_it = select(told.c.about).join(table, table.c.sequence == told.c.sequence).where(column.in_(values))
        versions = versions.where(bodies.c.about.in_(of_it))
    return versions


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    columns = schema.bodies.c
    for column, value in (
        (columns.group, wanted.group),
        (columns.verdict, wanted.verdict),
        (columns.severity, wanted.severity),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.begin is not None:
        query = query.where(schema.records.c.at >= wanted.begin)
    return query if wanted.end is None else query.where(columns.first < wanted.end)


def history(store: Store, incident: str) -> History:
    """Return what the store has of an incident, which is named by its id or an end of it that no other has.

    Raises:
        LookupError: if there is none, or several are called so.
    """
    with store.reading() as connection:
        identifier = named(connection, incident)
        about = tuple(_about(connection, [identifier]))
        versions = select(schema.records.c.sequence).join(
            schema.bodies, schema.bodies.c.sequence == schema.records.c.sequence
        )
        versions = versions.where(schema.bodies.c.about == identifier, schema.records.c.kind == "incident")
        members = connection.scalars(select(schema.members.c.member).where(schema.members.c.sequence.in_(versions)))
        of_flows = tuple(_about(connection, sorted(set(members))))

    def kept(kind: str, among: Sequence[Stored]) -> tuple[Stored, ...]:
        return tuple(sorted(each for each in among if each.kind == kind))

    return History(
        identifier,
        *(kept(kind, about) for kind in ("incident", "verdict", "attribution", "note")),
        *(kept(kind, of_flows) for kind in ("flow", "observation")),
    )


def named(connection: Connection, incident: str) -> str:
    """Return the whole id of an incident.

    Raises:
        LookupError: if there is none, or several are called so.
    """
    columns = schema.bodies.c
    query = select(columns.about).join(schema.records, schema.records.c.sequence == columns.sequence)
    query = query.where(schema.records.c.kind == "incident", _is_called(incident))
    found = connection.scalars(query.distinct().limit(2)).all()
    if not found:
        raise LookupError(f"there is no incident '{incident}' in this store")
    if len(found) > 1:
        raise LookupError(f"several incidents are called '{incident}': write more of the id")
    return str(found[0])


def _is_called(incident: str) -> ColumnElement[bool]:
    """Say of a body that it is about an incident whose id begins or ends so: what is random stands at the end."""
    about = schema.bodies.c.about
    return or_(about.startswith(incident, autoescape=True), about.endswith(incident, autoescape=True))


def slices(store: Store, history: History) -> Iterator[bytes]:
    """Yield the captures that prove an incident, one for each observation."""
    sequences = [each.sequence for each in (*history.flows, *history.observations) if each.has_slices]
    with store.reading() as connection:
        for some in _chunks(sequences):
            query = select(schema.slices.c.content).where(schema.slices.c.sequence.in_(some))
            yield from connection.scalars(query.order_by(schema.slices.c.sequence))


def coverage(store: Store, begin: int, end: int, sensor: str | None = None) -> list[CoverageMinute]:
    """Return the minutes of watching that began within a span, in order of time."""
    query = _records().where(
        schema.records.c.kind == "coverage", schema.records.c.at >= begin, schema.records.c.at < end
    )
    with store.reading() as connection:
        found = [_stored(row) for row in connection.execute(query.order_by(schema.records.c.at))]
    minutes = (_minute(each) for each in found if each.body is not None)
    return [minute for minute in minutes if sensor in {None, minute.sensor}]


def _minute(stored: Stored) -> CoverageMinute:
    body: Content = stored.body or {}
    return CoverageMinute(
        sensor=body["sensor"],
        begin=stored.at,
        watched=body["watched"],
        frames=body["frames"],
        bytes=body["bytes"],
        lost=body["lost"],
        discarded=body["discarded"],
        unseen_bytes=body["unseen_bytes"],
        down=body["down"],
        clock_step=int(body["clock_step"]),
        clock_offset=None if body["clock_offset"] is None else int(body["clock_offset"]),
        restarts=body["restarts"],
        canaries=tuple(CanaryResult(**each | {"at": since_epoch(each["at"])}) for each in body["canaries"]),
    )


def of_kind(store: Store, kind: str, *, about: str | None = None, limit: int = 1000) -> list[Stored]:
    """Return the newest records of a kind, the newest last."""
    query = _records().where(schema.records.c.kind == kind)
    if about is not None:
        query = query.where(schema.bodies.c.about == about)
    with store.reading() as connection:
        rows = connection.execute(query.order_by(schema.records.c.sequence.desc()).limit(limit)).all()
    return [_stored(row) for row in reversed(rows)]


def _statuses(connection: Connection) -> dict[str, str]:
    """Return what was noted last of each incident."""
    query = select(schema.bodies.c.about, schema.bodies.c.content).join(
        schema.records, schema.records.c.sequence == schema.bodies.c.sequence
    )
    query = query.where(schema.records.c.kind == "note").order_by(schema.records.c.sequence)
    return {row.about: json.loads(row.content)["status"] for row in connection.execute(query)}


def _about(connection: Connection, values: Sequence[str]) -> Iterator[Stored]:
    for some in _chunks(values):
        yield from map(_stored, connection.execute(_records().where(schema.bodies.c.about.in_(some))))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for place in range(0, len(values), _AT_ONCE):
        yield values[place : place + _AT_ONCE]


def _records() -> Select[Any]:
    """Select records with what is left of their parts."""
    records, bodies, who, frames = schema.records, schema.bodies, schema.identifying, schema.slices
    joined = records.outerjoin(bodies, bodies.c.sequence == records.c.sequence)
    joined = joined.outerjoin(who, who.c.sequence == records.c.sequence)
    joined = joined.outerjoin(frames, frames.c.sequence == records.c.sequence)
    return select(
        records,
        bodies.c.about,
        bodies.c.content.label("body"),
        who.c.content.label("identifying"),
        frames.c.sequence.label("slices"),
    ).select_from(joined)


def _stored(row: Row[Any]) -> Stored:
    there = {"body": row.body, "identifying": row.identifying, "slices": row.slices}
    hashes = {"body": row.body_hash, "identifying": row.identifying_hash, "slices": row.slices_hash}
    return Stored(
        sequence=row.sequence,
        id=row.id,
        kind=row.kind,
        at=row.at,
        leaf=row.leaf,
        body=None if row.body is None else json.loads(row.body),
        identifying=None if row.identifying is None else json.loads(row.identifying),
        deleted=tuple(part for part in hashes if hashes[part] is not None and there[part] is None),
        has_slices=row.slices is not None,
    )
