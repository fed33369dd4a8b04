"""``auditor sensor check``: every issue of a sensor's files, before it is started."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from auditor.sensor.check import Checked

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default="/etc/auditor/sensor.yaml",
    show_default=True,
    help="The sensor file.",
)


@click.command()
@config_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(config_file: Path, form: str) -> ExitCode:
    """Report every issue of a sensor file and of the files that it names; exit 2 if one is an error.

    A sensor does not start with a policy that does not say `purpose`, `announced` and `retention`.
    """
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.sensor import check as checking  # noqa: PLC0415 - start-up

    checked = checking.check(config_file, time.time_ns())
    if form == "json":
        output.emit(json.dumps(_document(checked), indent=1))
    else:
        for each in checked.files:
            for issue in each.issues:
                output.emit(issue.render())
    issues = [issue for each in checked.files for issue in each.issues]
    errors = sum(issue.severity == "error" for issue in issues)
    counted = ((len(checked.files), "file"), (errors, "error"), (len(issues) - errors, "warning"))
    output.say("{} checked, {}, {}".format(*(output.counted(number, noun) for number, noun in counted)))
    return ExitCode.USAGE if errors else ExitCode.OK


def _document(checked: Checked) -> dict[str, object]:
    files = [
        {"what": each.what, "path": str(each.path), "issues": [issue.as_json() for issue in each.issues]}
        for each in checked.files
    ]
    return {"schema": "auditor.sensor-check/1", "files": files}
