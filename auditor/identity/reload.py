"""The identity sources in force, which are read anew without a restart."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from auditor.identity import load
from auditor.identity.columns import TooManyStatements
from auditor.written.in_force import InForce, Reading
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.identity.load import Built


def identity_in_force(path: Path, now: Callable[[], int] = time.time_ns) -> InForce[Built]:
    """Put identity sources in force.

    Raises:
        Unusable: if the identity file has an error, or its sources hold more than can be kept.
    """
    return InForce("identity", partial(_read, path), now)


def _read(path: Path) -> Reading[Built]:
    """Read the identity file, and all that its sources say, which may grow meanwhile."""
    loaded = load.read_file(path)
    issues = tuple(loaded.issues)
    if loaded.identity is None:
        return Reading(None, None, issues)
    try:
        built = loaded.identity.build()
    except TooManyStatements as problem:
        return Reading(None, None, (*issues, Issue("too-many-statements", str(problem), str(path), 0, 0)))
    return Reading(built, built.read.sha256, issues)
