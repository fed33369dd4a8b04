"""Groups of commands that are imported when they are called."""

from __future__ import annotations

import sys

import click
from click.testing import CliRunner

from auditor.cli.lazily import LazyGroup

COMMANDS = {"schema": ("auditor.cli.schema:schema", "Print it."), "gone": ("auditor.cli.nothing:gone", "Not there.")}


@click.group(cls=LazyGroup, lazily=COMMANDS)
def group() -> None:
    """Hold commands."""


def test_commands_are_listed_without_an_import() -> None:
    """Even one that is not there."""
    result = CliRunner().invoke(group, ["--help"])
    assert result.exit_code == 0
    assert "gone" in result.output
    assert "auditor.cli.nothing" not in sys.modules


def test_the_one_that_is_called_is_imported() -> None:
    """And run."""
    assert CliRunner().invoke(group, ["schema", "identity"]).exit_code == 0
    assert CliRunner().invoke(group, ["schemas"]).exit_code == 2
