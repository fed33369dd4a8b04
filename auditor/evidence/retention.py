"""Deleting what is older than it may be kept: parts of records, never the records; and the deletion is a record itself.

An incident is as old as its last activity, and is kept for as long as its group says. Its verdicts, attributions and
notes go with it, and so do its flows and their observations, unless another incident that is kept has them too. What
belongs to no incident is kept for the default. Of captures and identity sources the paths go after the longest time.
"""

from __future__ import annotations

import time
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from sqlalchemy import delete, exists, func, or_, select

from auditor.evidence import schema
from auditor.evidence.record import PARTS, Record, new_id
from auditor.model.moment import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from auditor.evidence.canonical import Json
    from auditor.evidence.record import PartName
    from auditor.evidence.store import Store

What = Literal["identifying", "all"]
"""Who it was and the frames that show it; or the body too."""
_PARTS: dict[What, tuple[PartName, ...]] = {"identifying": ("identifying", "slices"), "all": PARTS}
_AT_ONCE = 500
_OF_INCIDENT = ("incident", "verdict", "attribution", "note")
_OF_FLOW = ("flow", "observation")
_OF_FILES = ("capture", "identity")
_OF_SENSOR = ("coverage", "policy", "sensor")


class Retention(Protocol):
    """For how long records are kept, in nanoseconds, as a policy says."""

    @property
    def default(self) -> int:
        """Of groups that have no time of their own, and of what belongs to no group."""
        ...

    @property
    def groups(self) -> Mapping[str, int]:
        """Of groups that have one."""
        ...

    def of(self, group: str, /) -> int:
        """Return for how long the records of a group are kept."""
        ...


class Purged(NamedTuple):
    """What was deleted, or would be."""

    records: int
    parts: Mapping[str, int]
    """By name."""
    kinds: Mapping[str, int]
    """Records by kind."""


def purge(
    store: Store,
    retention: Retention,
    *,
    now: int | None = None,
    what: What = "identifying",
    by: str = "sensor",
    dry_run: bool = False,
) -> Purged:
    """Delete what is too old, and record that; return what it was. It can be interrupted, and goes on the next time.

    Raises:
        StoreError: if the store fails.
    """
    moment = time.time_ns() if now is None else now
    parts = _PARTS[what]
    counted_parts: Counter[str] = Counter()
    counted_kinds: Counter[str] = Counter()
    done: set[int] = set()
    with store.reading() as connection:
        for sequences in _gathered(_too_old(connection, retention, moment, what)):
            # A flow of two incidents is found twice.
            rows = _left(connection, [each for each in sequences if each not in done], parts)
            if not rows:
                continue
            done.update(row.sequence for row in rows)
            counted_kinds.update(row.kind for row in rows)
            counted_parts.update(part for row in rows for part in parts if getattr(row, f"has_{part}") is not None)
            if not dry_run:
                _delete(store, rows, parts, retention, moment, by)
    if counted_kinds and not dry_run:
        with store.failing():
            store.backend.after_purge(store.engine)
    return Purged(counted_kinds.total(), dict(counted_parts), dict(sorted(counted_kinds.items())))


def _gathered(found: Iterable[Sequence[int]]) -> Iterator[Sequence[int]]:
    """Put small lots together: each is deleted at once, and has one record."""
    lot: dict[int, None] = {}
    for each in found:
        lot |= dict.fromkeys(each)
        if len(lot) >= _AT_ONCE:
            yield list(lot)
            lot = {}
    yield list(lot)


def _too_old(connection: Connection, retention: Retention, now: int, what: What) -> Iterator[Sequence[int]]:
    """Yield the sequences of records that are too old, some at a time."""
    records, bodies, members = schema.records.c, schema.bodies.c, schema.members.c
    joined = select(records.sequence).join(schema.bodies, bodies.sequence == records.sequence)
    longest = max(retention.default, *retention.groups.values(), 0)
    old, kept = _incidents(connection, retention, now, what)
    # Flows that an incident names which is kept.
    needed = select(members.member).join(schema.bodies, bodies.sequence == members.sequence)
    for about in _chunks(old):
        of_them = connection.scalars(needed.where(bodies.about.in_(about)).distinct()).all()
        for flows in _chunks(of_them):
            also = _kept_too(connection, flows, kept)
            mine = [flow for flow in flows if flow not in also]
            yield list(connection.scalars(joined.where(bodies.about.in_(mine), records.kind.in_(_OF_FLOW))))
        # These last: an incident of which they are gone is not looked at again.
        yield list(connection.scalars(joined.where(bodies.about.in_(about), records.kind.in_(_OF_INCIDENT))))
    joined = joined.where(_has_any(_PARTS[what]))
    alone = joined.where(records.kind.in_(_OF_FLOW), records.at < now - retention.default)
    is_member = exists().where(schema.members.c.member == bodies.about)
    yield from _lots(connection, alone.where(~is_member))
    kinds = (*_OF_FILES, *_OF_INCIDENT, *(_OF_SENSOR if what == "all" else ()))
    yield from _lots(connection, joined.where(records.kind.in_(kinds), records.at < now - longest))


def _has_any(parts: Sequence[PartName]) -> ColumnElement[bool]:
    """Say of a record that it has one of these parts still."""
    tables = (schema.OF_PART[part].alias() for part in parts)
    return or_(*(exists().where(table.c.sequence == schema.records.c.sequence) for table in tables))


def _incidents(connection: Connection, retention: Retention, now: int, what: What) -> tuple[list[str], set[str]]:
    """Return the incidents that are too old and still have what is to be deleted, and those that are kept."""
    records, bodies = schema.records.c, schema.bodies.c
    newest = select(func.max(bodies.sequence)).join(schema.records, records.sequence == bodies.sequence)
    newest = newest.where(records.kind == "incident").group_by(bodies.about)
    left = _has_any(_PARTS[what]).label("left")
    query = select(bodies.about, bodies.group, records.at, left)
    query = query.join(schema.records, records.sequence == bodies.sequence)
    old: list[str] = []
    kept: set[str] = set()
    for row in connection.execute(query.where(bodies.sequence.in_(newest))):
        if row.at >= now - retention.of(row.group or ""):
            kept.add(row.about)
        elif row.left:
            old.append(row.about)
    return old, kept


def _kept_too(connection: Connection, flows: Sequence[str], kept: set[str]) -> set[str]:
    """Return those of these flows that an incident names which is kept."""
    bodies, members = schema.bodies.c, schema.members.c
    query = select(members.member, bodies.about).join(schema.bodies, bodies.sequence == members.sequence)
    rows = connection.execute(query.where(members.member.in_(flows)))
    return {row.member for row in rows if row.about in kept}


def _lots(connection: Connection, query: Select[int]) -> Iterator[Sequence[int]]:
    """Yield what a query finds, some at a time: there may be more of it than memory has room for."""
    options = {"yield_per": _AT_ONCE}
    yield from (
        connection.execute(query.order_by(schema.records.c.sequence), execution_options=options).scalars().partitions()
    )


def _left(connection: Connection, sequences: Sequence[int], parts: Sequence[PartName]) -> list[Any]:
    """Return those records that have any of these parts still."""
    found: list[Any] = []
    records = schema.records
    for some in _chunks(sequences):
        query = select(records.c.sequence, records.c.kind, records.c.leaf)
        joined: Any = records
        for part in parts:
            table = schema.OF_PART[part]
            joined = joined.outerjoin(table, table.c.sequence == records.c.sequence)
            query = query.add_columns(table.c.sequence.label(f"has_{part}"))
        there = or_(*(schema.OF_PART[part].c.sequence.isnot(None) for part in parts))
        query = query.select_from(joined).where(records.c.sequence.in_(some), there)
        found += connection.execute(query.order_by(records.c.sequence)).all()
    return found


def _delete(  # noqa: PLR0917 - what, why, when and by whom
    store: Store, rows: Sequence[Any], parts: Sequence[PartName], retention: Retention, now: int, by: str
) -> None:
    """Delete parts of some records and append the record of that, all or nothing."""
    identifier = new_id(now)
    gone = {part: [row.sequence for row in rows if getattr(row, f"has_{part}") is not None] for part in parts}
    kinds: dict[str, Json] = dict(sorted(Counter(row.kind for row in rows).items()))
    body: dict[str, Json] = {
        "at": rfc3339(now),
        "records": len(rows),
        "kinds": kinds,
        "parts": {part: len(sequences) for part, sequences in gone.items()},
        "first_sequence": min(row.sequence for row in rows),
        "last_sequence": max(row.sequence for row in rows),
        "leaves_sha256": sha256(b"".join(row.leaf for row in rows)).hexdigest(),
        "retention_seconds": {
            "default": retention.default // 10**9,
            "groups": {group: kept // 10**9 for group, kept in retention.groups.items()},
        },
    }
    with store.purging() as connection:
        for part, sequences in gone.items():
            if not sequences:
                continue
            table = schema.OF_PART[part]
            told = [{"sequence": sequence, "part": part, "purge": identifier} for sequence in sequences]
            connection.execute(schema.deletions.insert(), told)
            for each in (table, *schema.MADE_FROM[part]):
                for some in _chunks(sequences):
                    connection.execute(delete(each).where(each.c.sequence.in_(some)))
        store.write(connection, [Record("purge", identifier, now, body, {"by": by})])


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for place in range(0, len(values), _AT_ONCE):
        yield values[place : place + _AT_ONCE]
