"""Policies that commands need to be right."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.policy.evaluate import Policy


def usable(path: Path) -> Policy:
    """Return a policy; say every issue of a bad one and end the program."""
    from auditor.policy import load  # noqa: PLC0415 - pydantic takes longer to import than --help may take

    loaded = load.read(path)
    if loaded.policy is None:
        for issue in loaded.issues:
            click.echo(issue.render(), err=True)
        sys.exit(ExitCode.USAGE)
    return loaded.policy
