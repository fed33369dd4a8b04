"""``auditor doctor``: what keeps a sensor from working on this machine, and what to do."""

from __future__ import annotations

import json
import textwrap
import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.sensor_check import config_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from auditor.sensor.doctor.finding import Finding

_COLOURS = {"right": "green", "doubtful": "yellow", "wrong": "red", "unknown": "cyan"}
_NARROWEST, _WIDEST = 60, 120


@click.command()
@config_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def doctor(config_file: Path, form: str) -> ExitCode:
    """Find what keeps a sensor from working on this machine, and say what to do; exit 1 if something is wrong.

    It looks at the sensor's files, its interfaces, offloads, rings and memory, privileges, the clock, the store,
    identity sources, Prometheus and systemd, and changes nothing.
    """
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.sensor.doctor.registry import examine  # noqa: PLC0415 - start-up

    findings = examine(config_file, time.time_ns())
    if form == "json":
        output.emit(
            json.dumps({"schema": "auditor.doctor/1", "findings": [each._asdict() for each in findings]}, indent=1)
        )
    else:
        output.emit("\n".join(_text(findings, min(max(output.terminal_width(), _NARROWEST), _WIDEST))))
    counts = Counter[str](each.status for each in findings)
    output.say(", ".join(f"{counts[status]} {status}" for status in _COLOURS))
    return ExitCode.VIOLATION if counts["wrong"] else ExitCode.OK


def _text(findings: Sequence[Finding], room: int) -> Iterator[str]:
    """Yield a line or a few for each finding: how it is, what was looked at, what was found, what to do."""
    from auditor.cli.table import cell_width, fold  # noqa: PLC0415 - start-up

    states = max(map(len, _COLOURS))
    subjects = min(max((cell_width(each.subject) for each in findings), default=0), 20)
    left = states + subjects + 4
    for each in findings:
        first, *others = [
            *(piece for line in textwrap.wrap(each.found, room - left) for piece in fold(line, room - left)),
            *(textwrap.wrap(f"→ {each.todo}", room - left, subsequent_indent="  ") if each.todo else []),
        ]
        status = click.style(each.status.ljust(states), fg=_COLOURS[each.status])
        yield f"{status}  {each.subject[:subjects].ljust(subjects)}  {first}"
        yield from (" " * left + line for line in others)
