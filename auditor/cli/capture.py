"""``auditor capture``: record an interface into files that ``auditor audit`` reads."""

from __future__ import annotations

from pathlib import Path

import click

from auditor import engine
from auditor.cli import output
from auditor.cli.exit_code import EXIT_CODES, ExitCode
from auditor.cli.parameters import Duration, Size
from auditor.cli.progress import ProgressBar


@click.command(epilog=EXIT_CODES)
@click.argument("interface", metavar="IF")
@click.option(
    "--write",
    "directory",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write into; it is made, for its owner alone, if it is not there.",
)
@click.option(
    "--snap-length", type=click.IntRange(min=64), default=262_144, show_default=True, help="Bytes kept of each frame."
)
@click.option(
    "--rotate-size", type=Size(), default="1G", show_default=True, help="Begin a new file after so many bytes."
)
@click.option("--rotate-time", type=Duration(), default="1h", show_default=True, help="Begin a new file after so long.")
@click.option("--duration", "seconds", type=Duration(), metavar="T", help="Stop after so long.  [default: at Ctrl-C]")
def capture(  # noqa: PLR0917 - one argument an option
    interface: str,
    directory: Path,
    snap_length: int,
    rotate_size: int,
    rotate_time: float,
    seconds: float | None,
) -> ExitCode:
    """Record an interface into capture files.

    Files are written whole and readable by their owner alone; what they hold is other people's traffic.

    \b
    Examples:
      auditor capture eth0 --write /srv/captures --duration 8h
      auditor capture eth0 --write /srv/captures --snap-length 256 --rotate-size 100M
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise click.UsageError(f"{directory} cannot be made: {problem.strerror}") from problem
    try:
        with ProgressBar() as progress:
            recording = engine.record(
                interface,
                directory,
                snap_length=snap_length,
                rotate_bytes=rotate_size,
                rotate_seconds=rotate_time,
                seconds=seconds,
                tell=progress,
            )
    except OSError as problem:
        output.say(f"{interface} cannot be recorded: {problem.strerror or problem}")
        return ExitCode.UNREADABLE
    if recording.paths:
        output.emit("\n".join(str(path) for path in recording.paths))
    else:
        output.say("No frame came, so no file was written.")
    if recording.dropped:
        output.say(f"{recording.dropped} frames were lost: the disk or the processor did not keep up")
    if recording.error is not None:
        output.say(f"{interface}: {recording.error}")
        return ExitCode.UNREADABLE
    return ExitCode.OK
