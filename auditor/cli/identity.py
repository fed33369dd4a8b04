"""``auditor identity``: check identity sources, and ask them whose an address was."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.identities import identity_options
from auditor.cli.policies import usable
from auditor.model.scale import People


@click.group()
def identity() -> None:
    """Check identity sources, and look up whose an address was."""


@identity.command()
@click.argument("address")
@click.option("--at", required=True, metavar="TIME", help="When: 2026-11-22T09:41:00Z.")
@click.option("--vlan", multiple=True, type=int, help="The VLAN of its frames.")
@click.option("--vantage", help="The vantage point that saw it.")
@click.option("--mac", help="The MAC in its frames, where they were seen before the first router.")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="Say the group too, and show people as it says."
)
@identity_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lookup(  # noqa: PLR0917 - one argument an option
    address: str,
    at: str,
    vlan: tuple[int, ...],
    vantage: str | None,
    mac: str | None,
    policy_file: Path | None,
    identity_file: Path | None,
    key_file: Path | None,
    show_people: bool,
    reason: str | None,
    access_log: Path | None,
    form: str,
) -> ExitCode:
    """Say who held ADDRESS at a time, by which record, and how sure that is.

    \b
    Example:
      auditor identity lookup 10.40.9.9 --at 2026-11-19T09:30:00Z --identity identity.yaml
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit import lookup as looking  # noqa: PLC0415 - start-up
    from auditor.audit import record  # noqa: PLC0415 - start-up
    from auditor.cli import identities, output, records, whose  # noqa: PLC0415 - start-up
    from auditor.cli.supposing import observation  # noqa: PLC0415 - start-up
    from auditor.pipeline.people import Shown  # noqa: PLC0415 - start-up

    if identity_file is None:
        raise click.UsageError("name the identity sources: --identity identity.yaml")
    told = {"host": address, "at": at, "vlan": vlan, "mac": mac, "vantage": vantage}
    asked = observation({key: value for key, value in told.items() if value not in {None, ()}})
    policy = None if policy_file is None else usable(policy_file)
    people = People.PSEUDONYM if policy is None else policy.people
    sources = identities.named(identity_file)
    disclosure = identities.Disclosure.asked(
        "identity lookup", show=show_people, reason=reason, access_log=access_log, identity=sources
    )
    key = None if key_file is None else identities.key(key_file)
    built = identities.built(sources)
    found = looking.look_up(asked, policy, built, Shown(people, key))
    output.say_all(whose.warnings(built, people, keyed=key is not None))
    if disclosure is not None:
        disclosure.record(asked.host, asked.at, [found.record], policy)
    texts = record.SourceTexts(sources)
    seen = record.people(found.record, texts) if disclosure is not None else None
    if form == "json":
        output.emit(json.dumps({**looking.document(found, people), "persons": seen}, indent=1))
        return ExitCode.OK
    room = output.terminal_width()
    lines = records.found_text(found, room)
    output.emit("\n".join([*lines, *(["", *records.people_text(seen, room)] if seen else [])]))
    return ExitCode.OK


@identity.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(files: tuple[Path, ...], form: str) -> ExitCode:
    """Report every issue in FILES and what each source holds; exit 2 if one is an error."""
    from auditor.audit import lookup as looking  # noqa: PLC0415 - start-up
    from auditor.cli import output, records  # noqa: PLC0415 - start-up
    from auditor.identity import load  # noqa: PLC0415 - start-up

    checked = [looking.check(file, load.read_file(file)) for file in files]
    if form == "json":
        output.emit(json.dumps(looking.check_document(checked), indent=1))
    else:
        room = output.terminal_width()
        output.emit("\n".join(line for each in checked for line in records.check_text(each, room)))
    errors = sum(issue.severity == "error" for each in checked for issue in each.issues)
    warnings = sum(len(each.issues) for each in checked) - errors
    counts = (output.counted(n, noun) for n, noun in ((len(files), "file"), (errors, "error"), (warnings, "warning")))
    output.say("{} checked, {}, {}".format(*counts))
    return ExitCode.USAGE if errors else ExitCode.OK
