"""The record of who looked at people: written, and on the disk, before anything is shown."""

from __future__ import annotations

import getpass
import json
import os
import time
from typing import TYPE_CHECKING, Any

from auditor.model.moment import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from auditor.model.flow import Address

SCHEMA = "auditor.access/1"
MAX_REASON = 500


def note(
    log: Path, *, command: str, address: Address, at: int, reason: str, lines: Iterable[str], policy: str | None
) -> None:
    """Append that somebody looks at who held an address, and see it onto the disk.

    Raises:
        OSError: if it cannot be written; then nothing may be shown.
    """
    entry: dict[str, Any] = {
        "schema": SCHEMA,
        "time": rfc3339(time.time_ns()),
        "user": _user(),
        "uid": os.getuid(),
        "command": command,
        "address": str(address),
        "at": rfc3339(at),
        "reason": reason,
        "lines": list(lines),
        "policy": policy,
    }
    content = (json.dumps(entry) + "\n").encode()  # in ASCII, on one line, whatever the reason holds
    # One write to a file opened to append: two commands at once do not mix their lines.
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if os.write(file, content) != len(content):
            raise OSError(28, "the disk is full")
        os.fsync(file)
    finally:
        os.close(file)
    folder = os.open(log.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # the name of a log that is new
    finally:
        os.close(folder)


def _user() -> str:
    """Return who runs this: behind sudo, whoever called it."""
    called = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    try:
        own = getpass.getuser()
    except (KeyError, OSError):
        own = str(os.getuid())
    return f"{called} (as {own})" if called else own
