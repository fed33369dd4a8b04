"""``auditor replay``: captures through the sensor's own pipeline, with their own timing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import EXIT_CODES
from auditor.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.engine import CapturePath, Options, Watch
    from auditor.model.standing import IncidentChange

_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog=EXIT_CODES)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option("--config", "config_file", type=_PATH, help="The sensor file: its policy, store, sinks and metrics.")
@click.option("--policy", "policy_file", type=_PATH, help="A policy, instead of a sensor file.")
@click.option("--identity", "identity_file", type=_PATH, help="Identity sources, with --policy.")
@click.option("--key-file", type=_PATH, help="The key of pseudonyms, with --policy.")
@click.option("--store", metavar="URL|DIR", help="Record evidence here, with --policy.")
@click.option("--speed", type=click.FloatRange(min=0.001), default=1.0, show_default=True, help="Times as fast.")
@click.option("--max", "as_fast", is_flag=True, help="As fast as it goes.")
@click.option("--loops", type=click.IntRange(min=1), default=1, show_default=True, help="How often, one after the other.")
@click.option("--interface", metavar="IF", help="Send the frames out of a test interface instead.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="warning", show_default=True
)
def replay(  # noqa: PLR0917 - one argument an option
    captures: tuple[str, ...],
    config_file: Path | None,
    policy_file: Path | None,
    identity_file: Path | None,
    key_file: Path | None,
    store: str | None,
    speed: float,
    as_fast: bool,
    loops: int,
    interface: str | None,
    log_level: str,
) -> ExitCode:
    """Play captures into the sensor's pipeline, and print incidents as they begin, grow and end.

    Frames keep their times; when a capture is played again, time goes on behind its end.

    \b
    Examples:
      auditor replay --policy policy.yaml --max capture.pcapng
      auditor replay --config sensor.yaml --speed 60 monday.pcapng tuesday.pcapng
      auditor replay --interface veth0 capture.pcapng
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit.captures import DEFAULT_VANTAGE, select  # noqa: PLC0415 - start-up
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.engine import CapturePath, Watch  # noqa: PLC0415 - start-up

    if interface is None and (config_file is None) == (policy_file is None):
        raise click.UsageError("name a sensor file (--config), a policy (--policy) or an interface to send to")
    if config_file is not None and (identity_file or key_file or store):
        raise click.UsageError("--identity, --key-file and --store go with --policy: a sensor file has its own")
    selection = select(captures)
    for refused in selection.refused:
        output.say(output.unreadable(refused))
    if not selection.paths:
        return ExitCode.UNREADABLE
    paths = [CapturePath(path, DEFAULT_VANTAGE) for path in selection.paths]

    def watch(options: Options) -> Watch:
        return Watch.replay(paths, options, speed=None if as_fast else speed, loops=loops)

    ...
