"""``auditor schema``: the JSON Schemas of what auditor writes and reads."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_MADE = {
    "audit": ("audit.schema", "schema"),
    "coverage": ("cli.coverage_schema", "schema"),
    "evidence": ("cli.evidence_schema", "schema"),
    "policy": ("policy.schema", "json_schema"),
    "policy-test": ("policy.testing", "json_schema"),
    "identity": ("identity.schema", "json_schema"),
    "sensor": ("sensor.schema", "json_schema"),
}
"""What makes each schema: it is imported when it is asked for."""


@click.command()
@click.argument("what", type=click.Choice(list(_MADE)))
def schema(what: str) -> None:
    """Print a JSON Schema (draft 2020-12).

    \b
    audit        what `auditor audit --format json` prints; one line of `--format jsonl` is its $defs/record
    coverage     what `auditor sensor coverage --format json` prints
    evidence     what `auditor evidence list|show --format json` print
    policy       what a policy file holds: editors complete and check by it
    policy-test  what the tests beside a policy hold
    identity     what an identity file holds
    sensor       what a sensor file holds
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    click.echo(json.dumps(_schema(what), indent=2))


def _schema(what: str) -> dict[str, Any]:
    module, function = _MADE[what]
    made: Callable[[], dict[str, Any]] = getattr(import_module(f"auditor.{module}"), function)
    return made()
