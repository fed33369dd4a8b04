"""The identity sources in force, which are read anew without a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.identity import load
from auditor.identity.columns import TooManyStatements
from auditor.written.in_force import InForce, Reading
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.identity.load import Built, Identity


class IdentityInForce(InForce["Built"]):
    """Holds what identity sources say, and what stands beside them."""

    def __init__(self, path: Path, now: Callable[[], int] = time.time_ns) -> None:
        """Read the sources for the first time.

        Raises:
            Unusable: if the identity file has an error, or its sources hold more than can be kept.
        """
        self._path = path
        self.build: Callable[[Identity], Built] | None = None
        """Reads the sources beside what frames show, from the next time on; that may be new where no file is."""
        super().__init__("identity", self._read_sources, now)

    @property
    def _is_beside(self) -> bool:
        return self.build is not None

    def _read_sources(self) -> Reading[Built]:
        """Read the identity file, and all that its sources say, which may grow meanwhile."""
        loaded = load.read_file(self._path)
        issues = tuple(loaded.issues)
        if loaded.identity is None:
            return Reading(None, None, issues)
        try:
            built = loaded.identity.build() if self.build is None else self.build(loaded.identity)
        except TooManyStatements as problem:
            return Reading(None, None, (*issues, Issue("too-many-statements", str(problem), str(self._path), 0, 0)))
        return Reading(built, built.read.sha256, issues)


def identity_in_force(path: Path, now: Callable[[], int] = time.time_ns) -> IdentityInForce:
    """Put identity sources in force.

    Raises:
        Unusable: if the identity file has an error, or its sources hold more than can be kept.
    """
    return IdentityInForce(path, now)
