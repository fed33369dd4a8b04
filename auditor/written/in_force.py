"""What is in force of a file that may be replaced while a program runs: read, checked, and swapped at one instant."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.written.issue import Issue

T = TypeVar("T")

MAX_LOGGED = 20
"""Issues of one bad file that are logged one by one."""
_LOG = logging.getLogger(__name__)


class Reading(NamedTuple, Generic[T]):
    """What reading a file gave."""

    value: T | None
    """``None`` where an issue is an error."""
    sha256: str | None
    issues: tuple[Issue, ...]


class State(NamedTuple, Generic[T]):
    """What is in force, as one value: whoever takes it never sees one file's content with another's hash."""

    value: T
    sha256: str | None
    since: int
    """When it came into force, in nanoseconds since the epoch."""


class Reloaded(NamedTuple):
    """What a reload came to."""

    accepted: bool
    """Whether the file is right; if not, what was in force still is."""
    old: str | None
    new: str | None
    """The hash of what is in force now; the same as ``old`` where nothing changed."""
    issues: tuple[Issue, ...]
    """Of the file that was read, warnings too."""


class Unusable(ValueError):  # noqa: N818 - the file is bad, the program is fine
    """The first file is bad, so there is nothing to put in force; :attr:`issues` says why."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(issue.render() for issue in issues))
        self.issues = issues


class InForce(Generic[T]):
    """Holds what one file says; any number of threads read it while one reloads."""

    def __init__(self, noun: str, read: Callable[[], Reading[T]], now: Callable[[], int] = time.time_ns) -> None:
        """Read the file for the first time; ``noun`` is what log lines call it.

        Raises:
            Unusable: if it has an error.
        """
        self._noun = noun
        self._read = read
        self._now = now
        self._reloading = threading.Lock()
        first = read()
        if first.value is None:
            raise Unusable(first.issues)
        self.state: State[T] = State(first.value, first.sha256, now())
        """What is in force. Take it once for each piece of work, and it stays the same to its end."""
        self.loads = 1
        """How many files were accepted."""
        self.failures = 0
        """How many were refused."""
        self.last_success = self.state.since
        """When a file was last accepted, whether or not it said anything new."""
        self.last_failure: int | None = None
        self.issues = first.issues
        """Of the file that was read last."""
        _LOG.info("%s in force: sha256 %s", noun, first.sha256)

    @property
    def is_stale(self) -> bool:
        """Whether the file that was read last is bad, so that an older one is in force."""
        return any(issue.severity == "error" for issue in self.issues)

    def reload(self) -> Reloaded:
        """Read the file again and put it in force, if it is right; a bad one changes nothing."""
        with self._reloading:
            try:
                read = self._read()
            except Exception:
                self._refuse()
                raise
            old = self.state.sha256
            self.issues = read.issues
            if read.value is None:
                self._refuse()
                self._log_refusal(read.issues, old)
                return Reloaded(False, old, old, read.issues)
            now = self._now()
            if read.sha256 != old or self._is_beside:
                self.state = State(read.value, read.sha256, now)  # one assignment: no reader sees a mix
            self.loads += 1
            self.last_success = now
            word = "unchanged" if read.sha256 == old else "replaced"
            level = logging.DEBUG if read.sha256 == old and self._is_beside else logging.INFO
            _LOG.log(level, "%s %s: sha256 %s, before %s", self._noun, word, read.sha256, old)
            return Reloaded(True, old, read.sha256, read.issues)

    @property
    def _is_beside(self) -> bool:
        """Whether there is more to it than its files, so that it may be new where they are not."""
        return False

    def _refuse(self) -> None:
        self.failures += 1
        self.last_failure = self._now()

    def _log_refusal(self, issues: tuple[Issue, ...], old: str | None) -> None:
        errors = [issue for issue in issues if issue.severity == "error"]
        _LOG.error("%s refused with %d errors; still in force: sha256 %s", self._noun, len(errors), old)
        for issue in errors[:MAX_LOGGED]:
            _LOG.error("%s: %s", self._noun, issue)
