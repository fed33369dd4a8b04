"""What a sensor asks of a policy that an audit does not: that people were told, and that what was seen is deleted.

Watching people for months must be for a purpose, announced, and limited in time. Without these a sensor does not start,
and a policy that loses them is not put in force.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.model.moment import NANOSECONDS
from auditor.policy.reload import policy_in_force
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import InForce


def lacking(path: Path, policy: Policy, now: int) -> list[Issue]:
    """Return what a sensor cannot do without; ``now`` in nanoseconds since the epoch."""
    found: list[tuple[str, str, str]] = []
    if not policy.purpose.strip("- "):
        found.append(("missing-purpose", "purpose", "say in a sentence why this network is watched"))
    if policy.announced is None:
        hint = "tell the people who use it, then write: announced: {where: staff handbook, on: 2026-01-31}"
        found.append(("missing-announced", "announced", hint))
    if policy.retention is None:
        hint = "say for how long what was seen is kept: retention: {default: 180d}"
        found.append(("missing-retention", "retention", hint))
    issues = [
        Issue(code, f"the policy does not say '{key}', and a sensor does not start without", str(path), 0, 0, hint)
        for code, key, hint in found
    ]
    if policy.announced is not None and policy.announced.on > _day(policy, now):
        message = f"people will be told on {policy.announced.on}; a sensor does not start before"
        issues.append(Issue("announced-later", message, str(path), 0, 0, "tell them first"))
    return issues


def sensor_policy_in_force(path: Path, now: Callable[[], int]) -> InForce[Policy]:
    """Put a policy in force, and later only such as a sensor may run with.

    Raises:
        Unusable: if the file has an error, or lacks what a sensor cannot do without.
    """
    return policy_in_force(path, now, lambda policy: lacking(path, policy, now()))


def _day(policy: Policy, now: int) -> date:
    return datetime.fromtimestamp(now / NANOSECONDS, UTC).astimezone(policy.timezone).date()
