"""The program ``auditor``: its commands, and what becomes of their errors.

``auditor --help`` must be quick, so nothing is imported here but click: what a command needs, its own file imports.
"""

from __future__ import annotations

import os
from typing import Any

import click

from auditor import __version__
from auditor.cli.exit_code import EXIT_CODES, ExitCode
from auditor.cli.lazily import LazyGroup
from auditor.cli.stdout import silence_stdout

_COMMANDS = {
    "audit": ("auditor.cli.audit:audit", "Say who used BitTorrent in captures, and whether it was allowed."),
    "capture": ("auditor.cli.capture:capture", "Record an interface into capture files."),
    "doctor": ("auditor.cli.doctor:doctor", "Find what keeps a sensor from working, and say what to do."),
    "evidence": (
        "auditor.cli.evidence:evidence",
        "Look into a store of evidence, note, delete what is old.",
    ),
    "identity": ("auditor.cli.identity:identity", "Check identity sources, and look up whose an address was."),
    "policy": ("auditor.cli.policy:policy", "Write, check, test, compare and explain policies."),
    "replay": ("auditor.cli.replay:replay", "Play captures through the sensor's pipeline, with their own timing."),
    "schema": ("auditor.cli.schema:schema", "Print the JSON Schema of what auditor writes and reads."),
    "sensor": ("auditor.cli.sensor:sensor", "Watch interfaces for months: check and run a sensor."),
}


class _Program(LazyGroup):
    """All commands."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what is left or returned has any type
        """Run a command; when whoever reads us has gone, as `head` does, nobody is left to be told."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            silence_stdout()
            return ExitCode.OK


@click.group(
    cls=_Program, lazily=_COMMANDS, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message="auditor %(version)s")
def cli() -> None:
    """Passive auditor of BitTorrent on your own network.

    It reads packet captures, finds BitTorrent, says which group each inside host belongs to, and judges what it did by
    your policy. It never blocks, joins a swarm, decrypts, or contacts a peer or tracker.

    \b
    Start here:
      auditor policy init policy.yaml
      auditor audit --policy policy.yaml capture.pcapng
    """  # noqa: D301 - \b is click's mark for text to keep as it stands


def run() -> int:
    """Run the command line and return its exit code."""
    try:
        outcome = cli.main(prog_name="auditor", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except SystemExit:
        raise
    except ImportError as problem:
        click.echo(f"auditor: {problem}", err=True)  # An engine of another version says itself what to do.
        return ExitCode.INTERNAL
    except BaseException as problem:  # noqa: BLE001 - a panic of the engine is no Exception
        return _internal(problem)
    return outcome if isinstance(outcome, int) else ExitCode.OK


def _internal(problem: BaseException) -> int:
    """Say in one sentence that we are at fault; the message is left out, for it may hold an address or a name."""
    if os.environ.get("AUDITOR_DEBUG"):
        import traceback  # noqa: PLC0415 - start-up

        traceback.print_exception(problem)
    click.echo(
        f"auditor {__version__}: internal error, {type(problem).__name__} at {_place(problem)}. "
        "Please report this line; AUDITOR_DEBUG=1 shows the whole traceback.",
        err=True,
    )
    return ExitCode.INTERNAL


def _place(problem: BaseException) -> str:
    trace: Any = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rpartition(os.sep)[2]}:{trace.tb_lineno}"
