"""Every check, in the order in which people read them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from auditor.sensor import check, load
from auditor.sensor.doctor import around, files, interfaces, keeping, machine
from auditor.sensor.doctor.finding import Case, Finding, Host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.sensor.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    files.are_right,
    files.keeps_its_promises,
    files.keeps_its_key_apart,
    interfaces.are_there,
    interfaces.show_frames_as_they_were,
    interfaces.lose_nothing_themselves,
    interfaces.fit_into_memory,
    machine.may_capture,
    machine.can_be_confined,
    machine.tells_the_time,
    keeping.can_be_written,
    keeping.have_room,
    files.know_who_was_who,
    around.is_asked_by_prometheus,
    around.is_kept_by_systemd,
)


def examine(path: Path, now: int, host: Host | None = None, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at everything; ``now`` in nanoseconds since the epoch."""
    config = load.read(path, environ, at_rest=True).draft
    case = Case(check.check(path, now, environ), config, host or Host(), now)
    return [finding for each in CHECKS for finding in each(case)]
