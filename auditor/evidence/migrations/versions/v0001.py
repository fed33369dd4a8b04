"""Version 1: records that only grow, their parts apart, and what they are found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator

revision = "0001"
down_revision = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PARTS = {"bodies": "body", "identifying": "identifying", "slices": "slices"}
_INDEXES = {"infohashes": "infohash", "members": "member", "hosts": "host"}


def upgrade() -> None:
    """Make the tables and their triggers."""
    op.create_table(
        "records",
        _sequence(),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("body_hash", sa.LargeBinary, nullable=False),
        sa.Column("identifying_hash", sa.LargeBinary),
        sa.Column("slices_hash", sa.LargeBinary),
    )
    op.create_index("records_id", "records", ["id"], unique=True)
    op.create_index("records_kind_at", "records", ["kind", "at"])
    for table in _PARTS:
        content = sa.LargeBinary if table == "slices" else sa.Text
        columns: list[sa.Column[Any]] = [
            sa.Column("salt", sa.LargeBinary, nullable=False),
            sa.Column("content", content, nullable=False),
        ]
        if table == "bodies":
            columns += [sa.Column("about", sa.Text), sa.Column("first", sa.BigInteger)]
            columns += [sa.Column(name, sa.Text) for name in ("group", "verdict", "severity")]
        op.create_table(table, _sequence(), *columns)
    for name in ("about", "group"):
        there = sa.column(name).isnot(None)
        op.create_index(f"bodies_{name}", "bodies", [name], sqlite_where=there, postgresql_where=there)
    for table, value in _INDEXES.items():
        op.create_table(table, sa.Column(value, sa.Text, primary_key=True), _sequence(), sqlite_with_rowid=False)
        op.create_index(f"{table}_sequence", table, ["sequence"])
    op.create_table(
        "deletions",
        _sequence(),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("purge", sa.Uuid(as_uuid=False), nullable=False),
        sqlite_with_rowid=False,
    )
    for statement in _sqlite_guards() if op.get_bind().dialect.name == "sqlite" else _postgresql_guards():
        op.execute(statement)


def _sequence() -> sa.Column[int]:
    return sa.Column("sequence", _WHOLE, primary_key=True, autoincrement=False)


def _sqlite_guards() -> Iterator[str]:
    for table in ("records", "deletions"):
        yield _sqlite_guard(table, "DELETE")
        yield _sqlite_guard(table, "UPDATE")
    for table, part in _PARTS.items():
        yield _sqlite_guard(table, "UPDATE")
        told = f"SELECT 1 FROM deletions WHERE sequence = OLD.sequence AND part = '{part}'"  # noqa: S608 - our own words
        yield _sqlite_guard(table, "DELETE", f"WHEN NOT EXISTS ({told})")


def _sqlite_guard(table: str, change: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, 'evidence is appended, never changed'); END"
    )


def _postgresql_guards() -> Iterator[str]:
    yield (
        "CREATE FUNCTION evidence_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'evidence is appended, never changed'; END $$"
    )
    yield (
        "CREATE FUNCTION evidence_is_purged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NOT EXISTS (SELECT 1 FROM deletions d WHERE d.sequence = OLD.sequence AND d.part = TG_ARGV[0]) "
        "THEN RAISE EXCEPTION 'evidence is appended, never changed'; END IF; RETURN OLD; END $$"
    )
    for table in ("records", "deletions"):
        yield _postgresql_guard(table, "UPDATE OR DELETE")
        yield _postgresql_guard(table, "TRUNCATE")
    for table, part in _PARTS.items():
        yield _postgresql_guard(table, "UPDATE")
        yield _postgresql_guard(table, "TRUNCATE")
        yield _postgresql_guard(table, "DELETE", f"evidence_is_purged('{part}')")


def _postgresql_guard(table: str, change: str, does: str = "evidence_is_kept()") -> str:
    each = "STATEMENT" if change == "TRUNCATE" else "ROW"
    name = f"{table}_no_{change.lower().replace(' ', '_')}"
    return f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"
