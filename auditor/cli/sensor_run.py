"""``auditor sensor run``: the daemon."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.sensor_check import config_option

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.sensor.config import SensorConfig

GARBAGE = 50_000
"""New values after which Python looks for cycles: hardly anything makes one, and each look costs."""


@click.command()
@config_option
@click.option(
    "--source",
    type=click.Choice(["native", "scapy"]),
    default="native",
    show_default=True,
    help="What captures; scapy is slow, counts no losses, and works where there is no AF_PACKET.",
)
def run(config_file: Path, source: str) -> ExitCode:
    """Watch the interfaces that the sensor file names, until SIGTERM or SIGINT.

    SIGHUP reads the policy and the identity sources again; a bad file changes nothing.
    """
    config = read_config(config_file)
    from auditor.pipeline.people import BadKey  # noqa: PLC0415 - start-up
    from auditor.sensor import logs, starting  # noqa: PLC0415 - start-up
    from auditor.sensor.assemble import assemble  # noqa: PLC0415 - start-up
    from auditor.sensor.clock import SystemClock  # noqa: PLC0415 - start-up
    from auditor.written.in_force import Unusable  # noqa: PLC0415 - start-up

    starting.few_heaps()
    logs.set_up(config.log.format, config.log.level)
    log, clock = logs.logger(), SystemClock()
    way = starting.canary_way(config)
    try:
        if source == "native":  # Scapy's process would be confined too, and needs more.
            starting.confined(config, log)
        settings = starting.settings_of(config, clock, way)
        daemon = assemble(settings, starting.watching(config, source, way), clock=clock, log=log)
    except Unusable as problem:
        for issue in problem.issues:
            click.echo(issue.render(), err=True)
        return ExitCode.USAGE
    except BadKey as problem:
        click.echo(f"auditor: {problem}", err=True)
        return ExitCode.USAGE
    except OSError as problem:
        log.critical("cannot start", error=f"{problem.filename or ''} {problem.strerror or problem}".strip())
        return ExitCode.UNREADABLE
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)
    return ExitCode.OK if daemon.run() else ExitCode.INTERNAL


def read_config(path: Path) -> SensorConfig:
    """Return what a sensor file says; say every issue of a bad one and end the program."""
    from auditor.sensor.load import read  # noqa: PLC0415 - start-up

    loaded = read(path)
    for issue in loaded.issues:
        click.echo(issue.render(), err=True)
    if loaded.config is None:
        sys.exit(ExitCode.USAGE)
    return loaded.config
