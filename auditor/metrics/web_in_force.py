"""The web configuration in force: read again when one of its files changed, so that a renewed certificate is served."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from auditor.metrics.web_config import Web, read_web
from auditor.written.in_force import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MIN_AGE = 1.0
"""Seconds for which what was read is not looked at again."""
_LOG = logging.getLogger(__name__)


class WebInForce:
    """Gives the configuration for each connection. A bad one changes nothing, and is said once."""

    def __init__(self, path: Path | None, now: Callable[[], float] = time.monotonic) -> None:
        """Read it for the first time; without a file there is neither TLS nor a password.

        Raises:
            Unusable: if it has an error.
        """
        self._path = path
        self._now = now
        self._reading = threading.Lock()
        self._web = Web()
        self._looked_at = now()
        self._marks: tuple[object, ...] = ()
        if path is not None:
            loaded = read_web(path)
            if loaded.web is None:
                raise Unusable(loaded.issues)
            self._web = loaded.web
            self._marks = _marks(loaded.web.files)
            for issue in loaded.issues:
                _LOG.warning("web configuration: %s", issue)

    def web(self) -> Web:
        """Return what is in force now."""
        if self._path is None or self._now() - self._looked_at < MIN_AGE or not self._reading.acquire(blocking=False):
            return self._web
        try:
            self._looked_at = self._now()
            marks = _marks(self._web.files)
            if marks != self._marks:
                self._marks = marks
                self._read(self._path)
        finally:
            self._reading.release()
        return self._web

    def _read(self, path: Path) -> None:
        loaded = read_web(path)
        if loaded.web is None:
            _LOG.error("web configuration refused with %d issues; the one before is still in force", len(loaded.issues))
        else:
            if loaded.web.files != self._web.files:
                self._marks = _marks(loaded.web.files)
            # Else the marks are those from before it was read: what changed meanwhile is read again.
            self._web = loaded.web
            _LOG.info("web configuration replaced")
        for issue in loaded.issues:
            _LOG.log(logging.ERROR if issue.severity == "error" else logging.WARNING, "web configuration: %s", issue)


def _marks(files: Iterable[Path]) -> tuple[object, ...]:
    """Return what changes when a file is written or replaced."""
    return tuple(_mark(file) for file in files)


def _mark(file: Path) -> tuple[int, ...]:
    try:
        found = os.stat(file)  # noqa: PTH116 - follows links, as certificate managers make them
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
