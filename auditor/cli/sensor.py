"""``auditor sensor``: check a sensor's files, run it, and ask what it watched."""

from __future__ import annotations

import click

from auditor.cli.lazily import LazyGroup

_COMMANDS = {
    "run": ("auditor.cli.sensor_run:run", "Watch the interfaces that a sensor file names."),
    "coverage": ("auditor.cli.sensor_coverage:coverage", "Say what was watched, what was not, and why."),
    "check": ("auditor.cli.sensor_check:check", "Report every issue of a sensor file and of the files that it names."),
    "canary": ("auditor.cli.sensor_canary:canary", "Send a handshake and a DHT query, and see whether they are seen."),
}


@click.group(cls=LazyGroup, lazily=_COMMANDS)
def sensor() -> None:
    """Watch interfaces for months: check a sensor's files, run it, and ask what it watched."""
