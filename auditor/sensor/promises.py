"""What a policy must promise before a sensor works by it: why people are watched, that they know, and for how long."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from auditor.policy import reload
from auditor.written.in_force import InForce
from auditor.written.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auditor.policy.evaluate import Policy
    from auditor.written.in_force import Reading


def policy_for_sensor(path: Path, now: Callable[[], int] = time.time_ns) -> InForce[Policy]:
    """Put a policy in force that promises what a sensor's must.

    Raises:
        Unusable: if the file has an error, or does not.
    """
    return InForce("policy", partial(_read, path), now)


def _read(path: Path) -> Reading[Policy]:
    reading = reload.read_settled(path)
    if reading.value is None:
        return reading
    missing = tuple(unpromised(reading.value, path))
    return reading._replace(value=None, issues=(*reading.issues, *missing)) if missing else reading


def unpromised(policy: Policy, path: Path) -> Iterator[Issue]:
    """Yield what the policy does not say, and must before people are watched by it."""
    for key, said, hint in (
        ("purpose", policy.purpose, "say why the network is watched"),
        ("announced", policy.announced, "say where and when people were told: announced: {where: …, on: 2026-01-31}"),
        ("retention", policy.retention, "say for how long records are kept: retention: {default: 180d}"),
    ):
        if not said:
            message = f"a sensor needs '{key}', which an audit of captures does without"
            yield Issue(f"missing-{key}", message, str(path), 0, 0, hint)
