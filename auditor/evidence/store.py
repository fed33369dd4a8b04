"""The store: records appended, and durable when that returns."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from auditor.evidence import schema
from auditor.evidence.backend import BadUrl, backend_of
from auditor.evidence.migrate import HEAD, KNOWN, NewerStore, migrate, version
from auditor.evidence.record import prepare_all
from auditor.evidence.search import found_by
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from auditor.evidence.backend import Backend
    from auditor.evidence.record import Prepared, Record

_IDS_AT_ONCE = 500


class StoreError(OSError):
    """The store cannot be used now; the message says what is wrong and where."""


def open_store(url: str, *, create: bool = True) -> Store:
    """Open a store by its URL or folder; with ``create`` one that is not there is made, and an older one migrated.

    Raises:
        StoreError: if it cannot be reached, or a newer program has changed it.
    """
    try:
        backend = backend_of(url)
        if not create and backend.is_missing():
            raise StoreError(f"there is no store at {backend.shown}")
        store = Store(backend, backend.engine(create=create))
    except BadUrl as problem:
        raise StoreError(str(problem)) from None
    except OSError as problem:
        if isinstance(problem, StoreError):
            raise
        raise StoreError(f"the store {harmless(url)} cannot be made: {problem.strerror}") from None
    try:
        store.prepare(create=create)
    except BaseException:
        store.close()
        raise
    return store


class Store:
    """An open store. Threads may share it; one of them appends at a time."""

    def __init__(self, backend: Backend, engine: Engine) -> None:
        self.backend = backend
        self.engine = engine

    def prepare(self, *, create: bool) -> None:
        """See that the tables are there and of this program's version."""
        with self.failing():
            with self.engine.connect() as connection:
                found = version(connection)
            if found == HEAD:
                return
            if not create and found is None:
                raise StoreError(f"there is no store at {self.backend.shown}")
            if not create and found in KNOWN:
                raise StoreError(f"{self.backend.shown} is of an older auditor: who writes to it brings it up to date")
            with self._appending() as connection:
                try:
                    migrate(connection)
                except NewerStore as problem:
                    raise StoreError(f"{self.backend.shown}: {problem}") from None

    def append(self, records: Sequence[Record]) -> None:
        """Write records, all or none of them; they are on the disk when it returns. Those that are there already stay.

        Raises:
            StoreError: if they could not be written. Whether they are there is then unknown: append them again.
            ValueError: if one of them is none that can be kept.
        """
        prepared = prepare_all(records)
        if not prepared:
            return
        with self.failing():
            try:
                with self._appending() as connection:
                    self._write(connection, prepared)
            except IntegrityError:
                with self._appending() as connection:
                    there = self._there(connection, [each.record.id for each in prepared])
                    self._write(connection, [each for each in prepared if each.record.id not in there])

    @contextmanager
    def _appending(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(append=True) as connection, connection.begin():
            self.backend.lock(connection)
            yield connection

    def write(self, connection: Connection, records: Sequence[Record]) -> None:
        """Append records within the transaction of :meth:`purging`."""
        self._write(connection, prepare_all(records))

    def _write(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        begin = connection.execute(select(func.coalesce(func.max(schema.records.c.sequence), -1))).scalar_one() + 1
        for table, rows in _rows(prepared, begin).items():
            if rows:
                self.backend.insert(connection, schema.metadata.tables[table], rows)

    def _there(self, connection: Connection, ids: Sequence[str]) -> set[str]:
        there: set[str] = set()
        for place in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[place : place + _IDS_AT_ONCE]
            there.update(connection.scalars(select(schema.records.c.id).where(schema.records.c.id.in_(some))))
        return there

    def count(self) -> int:
        """Return how many records there are."""
        with self.reading() as connection:
            return connection.execute(select(func.count()).select_from(schema.records)).scalar_one()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        with self.failing(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def purging(self) -> Iterator[Connection]:
        """Give a transaction that may append and delete."""
        with self.failing(), self._appending() as connection:
            yield connection

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Tell what the database says as a :class:`StoreError`."""
        try:
            yield
        except SQLAlchemyError as problem:
            raise StoreError(f"{self.backend.shown}: {_reason(problem)}") from problem

    def close(self) -> None:
        """Let go of it."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _reason(problem: SQLAlchemyError) -> str:
    """Return what the driver says on its first line: on others may stand what was to be written."""
    text = str(problem.orig) if isinstance(problem, DBAPIError) else type(problem).__name__
    return harmless(next(iter(text.splitlines()), ""), 300)


def _rows(prepared: Sequence[Prepared], begin: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table, in the order of its columns."""
    records: list[tuple[Any, ...]] = []
    bodies: list[tuple[Any, ...]] = []
    identifying: list[tuple[Any, ...]] = []
    slices: list[tuple[Any, ...]] = []
    infohashes: list[tuple[Any, ...]] = []
    members: list[tuple[Any, ...]] = []
    hosts: list[tuple[Any, ...]] = []
    for sequence, each in enumerate(prepared, begin):
        record, leaf, body, body_hash, who, who_hash, frames, frames_hash = each
        found = found_by(record)
        # SQLAlchemy writes a UUID to SQLite as 32 digits, and PostgreSQL reads it so.
        identifier = record.id.replace("-", "")
        records.append((sequence, identifier, record.kind, record.at, leaf, body_hash, who_hash, frames_hash))
        bodies.append((sequence, body.salt, body.content.decode(), *found.columns))
        if who is not None:
            identifying.append((sequence, who.salt, who.content.decode()))
        if frames is not None:
            slices.append((sequence, frames.salt, frames.content))
        infohashes += [(infohash, sequence) for infohash in found.infohashes]
        members += [(member, sequence) for member in found.members]
        hosts += [(host, sequence) for host in found.hosts]
    return {
        "records": records, "bodies": bodies, "identifying": identifying, "slices": slices,
        "infohashes": infohashes, "members": members, "hosts": hosts,
    }  # fmt: skip
