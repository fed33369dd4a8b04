"""``auditor replay``: captures through the sensor's own pipeline, with their own timing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from auditor.cli.exit_code import EXIT_CODES, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.engine import Options
    from auditor.engine.watch import Watch
    from auditor.model.standing import IncidentChange
    from auditor.sensor.assemble import Settings

QUEUE, COMMIT = 20_000, 250_000_000
"""Of a store of which only the place is said: records that wait, and nanoseconds for which they are gathered."""
_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog=EXIT_CODES)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option("--config", "config_file", type=_PATH, help="A sensor file: its policy, store, sinks and metrics.")
@click.option("--policy", "policy_file", type=_PATH, help="A policy, instead of a sensor file.")
@click.option("--identity", "identity_file", type=_PATH, help="Identity sources, with --policy.")
@click.option("--key-file", type=_PATH, help="The key of pseudonyms, with --policy.")
@click.option("--store", metavar="URL|DIR", help="Where evidence is recorded, with --policy.")
@click.option("--speed", type=click.FloatRange(min=0.001), default=1.0, show_default=True, help="Times as fast.")
@click.option("--max", "as_fast", is_flag=True, help="As fast as it goes.")
@click.option("--loops", type=click.IntRange(min=1), default=1, show_default=True, help="How often, one after another.")
@click.option("--interface", metavar="IF", help="Send the frames out of a test interface instead, for a sensor there.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where violations would give 1.")
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
    exit_zero: bool,
    log_level: str,
) -> ExitCode:
    """Play captures into the sensor's pipeline, and print incidents as they begin, grow and end.

    Frames keep their times; when captures are played again, time goes on behind their end.

    \b
    Examples:
      auditor replay --policy policy.yaml --max capture.pcapng
      auditor replay --config sensor.yaml --speed 60 monday.pcapng tuesday.pcapng
      auditor replay --interface veth0 capture.pcapng
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit.captures import select  # noqa: PLC0415 - start-up
    from auditor.cli import output  # noqa: PLC0415 - start-up

    selection = select(captures)
    for refused in selection.refused:
        output.say(output.unreadable(refused))
    if not selection.paths:
        return ExitCode.UNREADABLE
    of_policy = policy_file is not None and config_file is None
    of_config = config_file is not None and not (policy_file or identity_file or key_file or store)
    pace = Pace(None if as_fast else speed, loops)
    if interface is not None:
        if config_file or policy_file or identity_file or key_file or store:
            raise click.UsageError("--interface sends frames and judges nothing: it takes no policy and no sensor file")
        return _send(selection.paths, interface, pace)
    if not (of_policy or of_config):
        raise click.UsageError("name a sensor file with --config, or a policy and what goes with it")
    from auditor.sensor import logs  # noqa: PLC0415 - start-up
    from auditor.sensor.starting import few_heaps  # noqa: PLC0415 - start-up

    few_heaps()
    logs.set_up("console", log_level)
    printed = Printed()
    settings = (
        _of_config(config_file or Path(), printed)
        if of_config
        else _of_policy(policy_file or Path(), identity_file, key_file, store, printed)
    )
    code = _play(selection.paths, pace, settings)
    return ExitCode.gravest(
        code,
        ExitCode.UNREADABLE if selection.refused else ExitCode.OK,
        ExitCode.VIOLATION if printed.violations and not exit_zero else ExitCode.OK,
    )


class Pace(NamedTuple):
    """How captures are played."""

    speed: float | None
    """Times as fast as they were taken; ``None``: as fast as it goes."""
    loops: int


def _play(paths: Sequence[str], pace: Pace, settings: Settings) -> ExitCode:
    """Play captures into the pipeline."""
    from auditor.audit.captures import DEFAULT_VANTAGE  # noqa: PLC0415 - start-up
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.engine import CapturePath  # noqa: PLC0415 - start-up
    from auditor.engine.watch import Watch  # noqa: PLC0415 - start-up
    from auditor.sensor import logs  # noqa: PLC0415 - start-up
    from auditor.sensor.assemble import assemble  # noqa: PLC0415 - start-up
    from auditor.sensor.clock import SystemClock  # noqa: PLC0415 - start-up

    captures = [CapturePath(path, DEFAULT_VANTAGE) for path in paths]

    def watch(options: Options) -> Watch:
        return Watch.replay(captures, options, speed=pace.speed, loops=pace.loops)

    try:
        daemon = assemble(settings, watch, clock=SystemClock(), log=logs.logger())
    except OSError as problem:
        output.say(f"the replay cannot begin: {problem.strerror or problem}")
        return ExitCode.UNREADABLE
    if not daemon.run():
        return ExitCode.INTERNAL
    unread = [capture for capture in daemon.watch.counters().interfaces if capture.error is not None]
    for capture in unread:
        output.say(f"{capture.name} could not be read: {capture.error}")
    return ExitCode.UNREADABLE if unread else ExitCode.OK


def _send(paths: Sequence[str], interface: str, pace: Pace) -> ExitCode:
    """Play captures onto an interface."""
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.engine import transmit  # noqa: PLC0415 - start-up

    try:
        sent = transmit(paths, interface, speed=pace.speed, loops=pace.loops)
    except OSError as problem:
        output.say(f"nothing can be sent out of {interface}: {problem.strerror or problem}")
        return ExitCode.UNREADABLE
    output.say(f"{output.counted(sent.frames, 'frame')}, {output.size(sent.bytes)} sent")
    for count, reason in ((sent.too_long, "longer than it takes"), (sent.not_whole, "not Ethernet's, or not whole")):
        if count:
            output.say(f"{output.counted(count, 'frame')} left out: {reason}")
    return ExitCode.OK


class Printed:
    """Prints changes, and counts violations."""

    def __init__(self) -> None:
        self.violations = 0

    def __call__(self, changes: Sequence[IncidentChange]) -> None:
        """Print them."""
        from auditor.cli import output  # noqa: PLC0415 - start-up
        from auditor.cli.changes import line  # noqa: PLC0415 - start-up
        from auditor.model.scale import Verdict  # noqa: PLC0415 - start-up

        for change in changes:
            output.emit(line(change))
            self.violations += change.gravest.judgement.verdict is Verdict.VIOLATION


def _of_policy(
    policy: Path, identity: Path | None, key_file: Path | None, store: str | None, printed: Printed
) -> Settings:
    """Return what a command says: a policy need not say what a sensor's must, for nobody is watched now."""
    from auditor.cli import identities  # noqa: PLC0415 - start-up
    from auditor.identity.reload import identity_in_force  # noqa: PLC0415 - start-up
    from auditor.policy.reload import policy_in_force  # noqa: PLC0415 - start-up
    from auditor.sensor.assemble import Held, Settings  # noqa: PLC0415 - start-up
    from auditor.sensor.config import StoreSettings, host_name  # noqa: PLC0415 - start-up
    from auditor.written.in_force import Unusable  # noqa: PLC0415 - start-up

    try:
        held = Held(
            policy_in_force(policy),
            None if identity is None else identity_in_force(identity),
            policy,
            identity,
            None if key_file is None else identities.key(key_file),
        )
    except Unusable as problem:
        click.echo(str(problem), err=True)
        sys.exit(ExitCode.USAGE)
    kept = None if store is None else StoreSettings(store, QUEUE, None, 0, COMMIT)
    return Settings(host_name(), held, store=kept, is_live=False, tell=printed)


def _of_config(config_file: Path, printed: Printed) -> Settings:
    """Return what a sensor file says, but for its interfaces."""
    from dataclasses import replace  # noqa: PLC0415 - start-up

    from auditor.cli.sensor_run import read_config  # noqa: PLC0415 - start-up
    from auditor.pipeline.people import BadKey  # noqa: PLC0415 - start-up
    from auditor.sensor.clock import SystemClock  # noqa: PLC0415 - start-up
    from auditor.sensor.notify import Notify  # noqa: PLC0415 - start-up
    from auditor.sensor.starting import settings_of  # noqa: PLC0415 - start-up
    from auditor.written.in_force import Unusable  # noqa: PLC0415 - start-up

    try:
        settings = settings_of(read_config(config_file), SystemClock())
    except (Unusable, BadKey) as problem:
        click.echo(str(problem), err=True)
        sys.exit(ExitCode.USAGE)
    return replace(settings, is_live=False, tell=printed, notify=Notify({}))
