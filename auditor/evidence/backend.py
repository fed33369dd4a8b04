"""What the two databases do differently: how one connects, and how many rows are written at once."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Table

FILE = "evidence.sqlite"
BUSY_SECONDS = 5
"""How long another process may hold the store before that is told as a failure."""
_SUFFIXES = {".sqlite", ".sqlite3", ".db"}
_LOCK = 0x61756469746F72
"""The advisory lock of whoever appends ("auditor")."""


class BadUrl(ValueError):  # noqa: N818 - the URL is bad, the program is fine
    """A store's address that cannot be used."""


class Backend(Protocol):
    """One kind of database."""

    name: str
    shown: str
    """Where it is, without a password."""

    def engine(self, *, create: bool) -> Engine:
        """Return an engine; with ``create``, a store that is not there yet is made."""
        ...

    def lock(self, connection: Connection) -> None:
        """Keep others from appending until the transaction ends."""
        ...

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows whose values are in the order of the table's columns."""
        ...

    def is_missing(self) -> bool:
        """Whether there is no such store yet, as far as that can be told without connecting."""
        ...

    def after_purge(self, engine: Engine) -> None:
        """See to it that what was deleted is gone from the disk too."""
        ...


def backend_of(url: str) -> Backend:
    """Return the backend that a store's URL or folder names.

    Raises:
        BadUrl: if it names none.
    """
    if "://" not in url:
        path = Path(url)
        return Sqlite(path if path.suffix in _SUFFIXES or path.is_file() else path / FILE)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise BadUrl(f"'{_without_password(url)}' is no URL of a store: {_EXAMPLES}") from None
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise BadUrl(f"an evidence store is a file: {_EXAMPLES}")
        return Sqlite(Path(parsed.database))
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return Postgresql(url)
    raise BadUrl(f"evidence is kept in SQLite or PostgreSQL, not in '{parsed.drivername}': {_EXAMPLES}")


_EXAMPLES = "a folder, sqlite:////var/lib/auditor/evidence.sqlite or postgresql://user@host/database"


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if "@" in rest else url


class Sqlite:
    """A file, written by one at a time and read by many (WAL)."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = str(path)

    def engine(self, *, create: bool) -> Engine:
        """Return an engine for the file; both it and its folder are their owner's alone."""
        if create:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal files the mode of the database.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(self.path, flags, 0o600))
        engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self) -> sqlite3.Connection:
        # A file that has gone is no new, empty store.
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def lock(self, connection: Connection) -> None:
        """``BEGIN IMMEDIATE`` has locked it."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows by one prepared statement."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        marks = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608

    def is_missing(self) -> bool:
        """Whether there is no file."""
        return not self.path.exists()

    def after_purge(self, engine: Engine) -> None:
        """Empty the journal, which still has what was overwritten in the file."""
        with engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr] # it is connected


_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    # What is purged is overwritten, not only forgotten.
    "PRAGMA secure_delete = ON",
    # So that REPLACE asks the triggers too.
    "PRAGMA recursive_triggers = ON",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -32768",
)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("append") else "BEGIN")


class Postgresql:
    """A PostgreSQL database."""

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self.shown = self._url.set(drivername="postgresql").render_as_string(hide_password=True)

    def engine(self, *, create: bool) -> Engine:  # noqa: ARG002 - a database is made by its administrator
        """Return an engine that tells of a server that hangs instead of waiting for it."""
        settings = {
            "connect_timeout": 5,
            "application_name": "auditor",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "options": f"-c synchronous_commit=on -c lock_timeout={BUSY_SECONDS}s -c statement_timeout=60s",
        }
        try:
            return create_engine(self._url, connect_args=settings, pool_size=2)
        except ModuleNotFoundError:
            raise BadUrl("PostgreSQL needs psycopg: pip install 'auditor[postgres]'") from None
        except (ArgumentError, NoSuchModuleError):
            raise BadUrl(f"'{self.shown}' is no URL of a store: {_EXAMPLES}") from None

    def lock(self, connection: Connection) -> None:
        """Take the advisory lock; who reads is not kept from it."""
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows by COPY."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        import psycopg  # noqa: PLC0415 - only where it is installed

        cursor: Any = connection.connection.cursor()
        try:
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.IntegrityError as problem:
            raise IntegrityError(None, None, problem) from problem
        except psycopg.Error as problem:  # SQLAlchemy does not see what its cursor's cursor does
            raise OperationalError(None, None, problem) from problem

    def is_missing(self) -> bool:
        """Only the server knows."""
        return False

    def after_purge(self, engine: Engine) -> None:
        """Let the server overwrite what was deleted."""
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in ("bodies", "identifying", "slices", "hosts", "infohashes", "members"):
                connection.exec_driver_sql(f"VACUUM {table}")
