"""``auditor schema``: the JSON Schemas of what auditor writes and reads."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["audit", "policy"]))
def schema(what: str) -> None:
    """Print a JSON Schema (draft 2020-12).

    \b
    audit   what `auditor audit --format json` prints; one line of `--format jsonl` is its $defs/record
    policy  what a policy file holds: editors complete and check by it
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    if what == "audit":
        from auditor.audit.schema import schema as audit_schema  # noqa: PLC0415 - start-up

        click.echo(json.dumps(audit_schema(), indent=2))
    else:
        from auditor.policy.schema import json_schema  # noqa: PLC0415 - start-up

        click.echo(json.dumps(json_schema(), indent=2))
