"""``auditor schema``: the JSON Schemas of what auditor writes and reads."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["audit", "policy", "policy-test", "identity", "sensor"]))
def schema(what: str) -> None:
    """Print a JSON Schema (draft 2020-12).

    \b
    audit        what `auditor audit --format json` prints; one line of `--format jsonl` is its $defs/record
    policy       what a policy file holds: editors complete and check by it
    policy-test  what the tests beside a policy hold
    identity     what an identity file holds
    sensor       what a sensor file holds
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    click.echo(json.dumps(_schema(what), indent=2))


def _schema(what: str) -> dict[str, Any]:
    if what == "audit":
        from auditor.audit.schema import schema as audit_schema  # noqa: PLC0415 - start-up

        return audit_schema()
    if what == "policy":
        from auditor.policy.schema import json_schema  # noqa: PLC0415 - start-up

        return json_schema()
    if what == "identity":
        from auditor.identity import schema as of_identity  # noqa: PLC0415 - start-up

        return of_identity.json_schema()
    if what == "sensor":
        from auditor.sensor import schema as of_sensor  # noqa: PLC0415 - start-up

        return of_sensor.json_schema()
    from auditor.policy import testing  # noqa: PLC0415 - start-up

    return testing.json_schema()
