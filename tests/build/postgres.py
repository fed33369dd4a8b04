"""A PostgreSQL server of a test's own, from Debian's package, in a folder that goes with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

_BINARIES = Path("/usr/lib/postgresql")
_KEEPER = 'read _; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)" 2>/dev/null; sleep 1; rm -rf "$0"'
"""Waits until whoever holds its input is gone, however that ended, and takes the server away."""


class Missing(RuntimeError):  # noqa: N818 - what is missing, not a defect
    """What the server needs is not installed."""


class Postgres:
    """The server: it listens on a socket in its own folder alone, and lets whoever reaches that in."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make and start it; one that is not ``durable`` waits for no disk, and survives its own crash all the same."""
        self._settings = "" if durable else "-c fsync=off"
        versions = sorted(_BINARIES.glob("*/bin/initdb"))
        if not versions:
            raise Missing("PostgreSQL is missing: install Debian's package postgresql")
        self._binaries = versions[-1].parent
        self._user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket may have 107 bytes
        self._databases = 0
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "auditor", "--no-sync")
        self.start()
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start it."""
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=40 -c shared_buffers=64MB {self._settings}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """End it as a crash would."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def freeze(self) -> list[int]:
        """Stop all its processes where they are; return them."""
        parent = int((self._data / "postmaster.pid").read_text("utf-8").split()[0])
        listed = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout
        processes = [parent, *map(int, listed.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        return processes

    def stop(self) -> None:
        """End it, and remove all that it had."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop", check=False)
        self._keeper.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """Make an empty database; return its URL."""
        self._databases += 1
        name = f"evidence{self._databases}"
        self._run("createdb", "-h", str(self.folder), "-U", "auditor", name)
        return f"postgresql://auditor@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is in it."""
        name = url.rpartition("/evidence")[2].partition("?")[0]
        self._run("dropdb", "-h", str(self.folder), "-U", "auditor", "--force", f"evidence{name}")

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        ended = subprocess.run(
            [self._binaries / program, *words],
            cwd=self.folder,
            user=None if self._user is None else self._user.pw_uid,
            group=None if self._user is None else self._user.pw_gid,
            extra_groups=None if self._user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would never end
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if check and ended.returncode:
            log = self.folder / "log"
            said = log.read_text("utf-8", "replace")[-2000:] if log.exists() else "it wrote no log"
            raise RuntimeError(f"{program} ended with {ended.returncode}: {said}")


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom the server runs as: it refuses to be root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("there is no user to run PostgreSQL as")
