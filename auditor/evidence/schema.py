"""The tables of the store, the same in SQLite and PostgreSQL. Migrations make them: :mod:`auditor.evidence.migrations`.

``records`` only ever grows. The parts of a record stand in tables of their own, from which a row may be deleted once
``deletions`` says by which purge; triggers refuse everything else. What a record is found by goes with the part that it
was made from.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid

Whole = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's own row number is an ``INTEGER`` key and nothing else."""

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("id", Uuid(as_uuid=False), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("identifying_hash", LargeBinary),
    Column("slices_hash", LargeBinary),
    Index("records_id", "id", unique=True),
    Index("records_kind_at", "kind", "at"),
)
bodies = Table(
    "bodies",
    metadata,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", Text, nullable=False),
    Column("about", Text),
    Column("first", BigInteger),
    Column("group", Text),
    Column("verdict", Text),
    Column("severity", Text),
)
Index(
    "bodies_about", bodies.c.about, sqlite_where=bodies.c.about.isnot(None), postgresql_where=bodies.c.about.isnot(None)
)
Index(
    "bodies_group", bodies.c.group, sqlite_where=bodies.c.group.isnot(None), postgresql_where=bodies.c.group.isnot(None)
)
identifying = Table(
    "identifying",
    metadata,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", Text, nullable=False),
)
slices = Table(
    "slices",
    metadata,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
infohashes = Table(
    "infohashes",
    metadata,
    Column("infohash", Text, primary_key=True),
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("infohashes_sequence", infohashes.c.sequence)
members = Table(
    "members",
    metadata,
    Column("member", Text, primary_key=True),
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("members_sequence", members.c.sequence)
hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("hosts_sequence", hosts.c.sequence)
deletions = Table(
    "deletions",
    metadata,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("part", Text, primary_key=True),
    Column("purge", Uuid(as_uuid=False), nullable=False),
    sqlite_with_rowid=False,
)
"""Which part of which record was deleted, by the id of the purge's own record."""

OF_PART = {"body": bodies, "identifying": identifying, "slices": slices}
MADE_FROM = {"body": (infohashes, members), "identifying": (hosts,), "slices": ()}
"""The index tables that go with each part."""
