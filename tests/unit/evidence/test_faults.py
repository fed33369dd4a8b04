"""The writer over real databases that really fail: full, locked, read-only, gone. Each is told once and made up for."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, select, text

from auditor.evidence import backend, schema
from auditor.evidence.store import StoreError, open_store
from auditor.evidence.writer import Pace, Writer
from tests.build.evidence import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.build.postgres import Postgres

SWIFT = Pace(batch=50, linger=0.01, first_retry=0.05, longest_retry=0.2, patience=0.5)


class Watched:
    """A writer, and what it said."""

    def __init__(self, url: str, spool: Path) -> None:
        self.url = url
        self.said: list[str] = []
        self.writer = Writer(lambda: open_store(url), spool=spool, say=self.said.append, pace=SWIFT)
        self._next = 0

    def put(self, count: int) -> None:
        """Give it so many records more."""
        self.writer.put([record(number) for number in range(self._next, self._next + count)])
        self._next += count

    def fails(self, reason: str) -> None:
        """Wait until it fails, for this reason, with what waits in the spool; see that it was said."""
        until(lambda: reason in (self.writer.state().error or ""))
        until(lambda: self.writer.state().queued == 0 and self.writer.state().spooled > 0)
        assert sum("fails" in each and reason in each for each in self.said) == 1

    def works(self) -> None:
        """See that everything is there, in its order, and that it was said once."""
        assert self.writer.flush(30)
        with open_store(self.url) as store, store.reading() as connection:
            ids = connection.scalars(select(schema.records.c.id).order_by(schema.records.c.sequence)).all()
        assert ids == [record(number).id for number in range(self._next)]
        assert sum("works again" in each for each in self.said) == 1
        assert self.writer.state().dropped == {}


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait five seconds for a lock."""
    monkeypatch.setattr(backend, "BUSY_SECONDS", 1)


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Watched]:
    """A writer into SQLite that has written."""
    made = Watched(str(tmp_path / "evidence"), tmp_path / "spool")
    made.put(30)
    assert made.writer.flush(30)
    yield made
    made.writer.close(5)


def test_a_full_disk(in_file: Watched, tmp_path: Path) -> None:
    """What fits into the spool waits there; reading goes on, and writing does when there is room."""
    files = [path.stat().st_size for path in (tmp_path / "evidence").iterdir()]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(files) + 20_000, hard))
    try:
        in_file.put(80)  # as much as the disk leaves to the spool
        until(lambda: in_file.writer.state().queued == 0)
        for _ in range(40):
            in_file.put(10)
            time.sleep(0.005)
            if in_file.writer.state().failing_since is not None:
                break
        in_file.fails("disk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    in_file.works()


def test_a_locked_file(in_file: Watched, tmp_path: Path) -> None:
    """Another program holds it: a backup, say."""
    other = sqlite3.connect(tmp_path / "evidence" / "evidence.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    in_file.put(100)

    in_file.fails("database is locked")
    other.execute("ROLLBACK")
    other.close()

    in_file.works()


@pytest.mark.lab
def test_a_disk_that_is_read_only(tmp_path: Path) -> None:
    """A file system that an error has made so, and that is mounted anew."""
    if os.geteuid():
        pytest.skip("mounting needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        made = Watched(str(disk / "evidence"), tmp_path / "spool")
        made.put(30)
        assert made.writer.flush(30)
        made.writer.close(5)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        made = Watched(str(disk / "evidence"), tmp_path / "spool")
        made._next = 30
        made.put(50)
        made.fails("ead-only")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        made.works()
        made.put(20_000)
        made.fails("full")
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        assert made.writer.flush(60)
        made.writer.close(5)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_read_only_database(database: str, tmp_path: Path) -> None:
    """As a standby is."""
    name = make_url(database).database
    made = Watched(database, tmp_path / "spool")
    made.put(30)
    assert made.writer.flush(30)
    admin = create_engine(database.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    set_it = f"ALTER DATABASE {name} SET default_transaction_read_only = "
    kick = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    with admin.connect() as connection:
        connection.execute(text(set_it + "on"))
        connection.execute(text(kick + "pg_backend_pid()"))
        made.put(100)
        made.fails("read-only transaction")
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(set_it + "off"))
    admin.dispose()

    made.works()
    made.writer.close(5)


def test_a_locked_database(database: str, tmp_path: Path) -> None:
    """Somebody appends and does not end."""
    made = Watched(database, tmp_path / "spool")
    made.put(30)
    assert made.writer.flush(30)
    with open_store(made.url) as other, other.purging():
        made.put(100)
        made.fails("lock timeout")

    made.works()
    made.writer.close(5)


def test_a_server_that_hangs(postgres: Postgres, database: str, tmp_path: Path) -> None:
    """It is held to fail when it has not answered for a while; closing does not wait for it, and loses nothing."""
    made = Watched(database, tmp_path / "spool")
    made.put(30)
    assert made.writer.flush(30)
    frozen = postgres.freeze()
    try:
        made.put(100)
        until(lambda: made.writer.state().error == "the store does not answer")
        assert made.writer.state().failing_since is not None
        assert not made.writer.close(0.1)
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)

    again = Watched(made.url, tmp_path / "spool")
    assert again.writer.flush(30)
    again.writer.close(5)
    made.writer._thread.join(30)
    with open_store(made.url) as store:
        assert store.count() == 130


def test_a_server_that_crashes(postgres: Postgres, database: str, tmp_path: Path) -> None:
    """The connection is lost in the middle; when the server is back, everything is there once."""
    made = Watched(database, tmp_path / "spool")
    made.put(30)
    assert made.writer.flush(30)

    for _ in range(5):
        made.put(200)
        time.sleep(0.002)
    postgres.kill()
    try:
        made.put(100)
        until(lambda: made.writer.state().failing_since is not None)
        with pytest.raises(StoreError, match="connection"):
            open_store(made.url)
        until(lambda: made.writer.state().queued == 0)
    finally:
        postgres.start()

    made.works()
    made.writer.close(5)
