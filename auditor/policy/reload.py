"""The policy in force, which its file replaces without a restart."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from auditor.policy import load
from auditor.written.in_force import InForce, Reading
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from auditor.policy.evaluate import Policy

ATTEMPTS = 10
PAUSE = 0.05
"""Seconds between two readings that differ."""


def policy_in_force(
    path: Path,
    now: Callable[[], int] = time.time_ns,
    asks: Callable[[Policy], Sequence[Issue]] = lambda _: (),
) -> InForce[Policy]:
    """Put a policy in force; ``asks`` returns what is wrong with one that is right, for whoever needs more of it.

    Raises:
        Unusable: if the file has an error.
    """
    return InForce("policy", partial(_read_for, path, asks), now)


def _read_for(path: Path, asks: Callable[[Policy], Sequence[Issue]]) -> Reading[Policy]:
    reading = read_settled(path)
    lacking = () if reading.value is None else tuple(asks(reading.value))
    issues = (*reading.issues, *lacking)
    if any(issue.severity == "error" for issue in lacking):
        return Reading(None, None, issues)
    return reading._replace(issues=issues)


def read_settled(path: Path) -> Reading[Policy]:
    """Read the policy and its lists until two readings agree.

    An editor that writes a file in place leaves half of it for a moment, and half of a policy may well be a policy.
    """
    before = _once(path)
    for _ in range(ATTEMPTS):
        after = _once(path)
        if (after.sha256, after.issues) == (before.sha256, before.issues):
            return after
        before = after
        time.sleep(PAUSE)
    message = "the file changes while it is read"
    hint = "write the new one beside it and rename it"
    return Reading(None, None, (Issue("policy-unsettled", message, str(path), 0, 0, hint),))


def _once(path: Path) -> Reading[Policy]:
    loaded = load.read(path)
    sha256 = None if loaded.policy is None else loaded.policy.sha256
    return Reading(loaded.policy, sha256, tuple(loaded.issues))
