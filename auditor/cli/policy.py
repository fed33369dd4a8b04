"""``auditor policy``: write a first policy, check, test and compare policies, and ask why one says what it says."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.identities import identity_options
from auditor.cli.policies import usable
from auditor.cli.supposing import observation_options
from auditor.model.scale import People

if TYPE_CHECKING:
    from auditor.audit.explaining import Answer
    from auditor.identity.load import Built
    from auditor.model.capture import Sighting
    from auditor.pipeline.run import AuditResult
    from auditor.policy.evaluate import Policy
    from auditor.policy.load import Loaded
    from auditor.policy.observation import Observation


@click.group()
def policy() -> None:
    """Write, check, test, compare and explain policies."""


@policy.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="policy.yaml")
@click.option("--announced", metavar="WHERE", help="Where people were told that the network is watched.")
@click.option("--announced-on", "day", metavar="DATE", help="When they were told. Default: today.")
@click.option("--force", is_flag=True, help="Overwrite PATH if it exists.")
def init(path: Path, announced: str | None, day: str | None, force: bool) -> None:
    """Write a commented first policy to PATH (default: policy.yaml) and check it.

    A sensor does not start before people were told: --announced says where they were, or the file is filled in.
    """
    text = resources.files("auditor.policy").joinpath("first.yaml").read_text("utf-8")
    if announced is not None or day is not None:
        text = _ANNOUNCED.sub(lambda _: _announcement(announced, day), text, count=1)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text.replace("policy.yaml", str(path)) if str(path).isprintable() else text)
    except FileExistsError:
        raise click.UsageError(f"{path} exists; --force overwrites it") from None
    except OSError as problem:
        raise click.UsageError(f"{path} cannot be written: {problem.strerror}") from None
    click.echo(f"{path} written: a first policy with comments. Fill in its groups, then run:", err=True)
    click.echo(f"  auditor policy check {path}", err=True)
    _report([path], "text")


_ANNOUNCED = re.compile(r"^# announced: .*$", re.MULTILINE)


def _announcement(where: str | None, day: str | None) -> str:
    """Write the policy's line that says where and when people were told."""
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 - start-up

    from auditor.policy.scalars import parse_date  # noqa: PLC0415 - start-up
    from auditor.written.scalars import parse_line  # noqa: PLC0415 - start-up

    if where is None:
        raise click.UsageError("--announced-on says when; --announced WHERE must say where")
    try:
        on = date.today() if day is None else parse_date(day)  # noqa: DTZ011 - people mean their own calendar's
        return f"announced: {{where: {json.dumps(parse_line(where), ensure_ascii=False)}, on: {on}}}"
    except PydanticCustomError as problem:
        raise click.UsageError(f"--announced: {problem.message()}") from None


@policy.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(files: tuple[Path, ...], output: str) -> None:
    """Report every issue in FILES, policies and their *.test.yaml; exit 2 if one is an error."""
    _report(files, output)


@policy.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--run", "pattern", metavar="PATTERN", help="Only tests whose names match this regular expression.")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
def test(files: tuple[Path, ...], pattern: str | None, form: str) -> ExitCode:
    """Run the tests in FILES, which stand beside a policy; exit 1 if one fails, 2 if a file is wrong.

    \b
    Example:
      auditor policy test policies/*.test.yaml
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit import policy_tests  # noqa: PLC0415 - start-up
    from auditor.cli import outcomes, output  # noqa: PLC0415 - start-up

    try:
        chosen = None if pattern is None else re.compile(pattern)
    except re.error as problem:
        raise click.UsageError(f"--run: '{pattern}' is no regular expression: {problem}") from None
    suites = [policy_tests.run(file, chosen) for file in files]
    if form == "json":
        output.emit(json.dumps(policy_tests.document(suites), indent=1))
    else:
        output.emit(outcomes.junit(suites) if form == "junit" else "\n".join(outcomes.text(suites)))
    if any(suite.suite is None for suite in suites):
        return ExitCode.USAGE
    if not any(suite.outcomes for suite in suites):
        raise click.UsageError(f"no test matches '{pattern}'")
    return ExitCode.VIOLATION if any(suite.failed for suite in suites) else ExitCode.OK


@policy.command()
@click.argument("path", metavar="POLICY", type=click.Path(path_type=Path))
@click.option(
    "--over", "captures", multiple=True, metavar="CAPTURE", help="Explain what is seen in it; may be repeated."
)
@observation_options
@identity_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(  # noqa: PLR0917 - one argument an option
    path: Path,
    captures: tuple[str, ...],
    observation: Observation,
    identity_file: Path | None,
    key_file: Path | None,
    show_people: bool,
    reason: str | None,
    access_log: Path | None,
    form: str,
) -> ExitCode:
    """Say why POLICY judges what a host did at a time as it does: record, groups, and each rule with its reasons.

    With --over, the host's incidents at that time are explained; without, a conduct as the options tell it: a swarm in
    which the host transferred, confirmed, unless they say otherwise.

    \b
    Examples:
      auditor policy explain policy.yaml --host 10.30.0.58 --at 2026-11-22T09:41:00Z --over office.pcapng
      auditor policy explain policy.yaml --host 10.40.9.9 --at 2026-11-19T09:30:00Z --uploaded '1 MB'
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit import explaining, record  # noqa: PLC0415 - start-up
    from auditor.cli import explanation, identities, output, records, whose  # noqa: PLC0415 - start-up
    from auditor.cli.seeing import Request, sight  # noqa: PLC0415 - start-up

    found = usable(path)
    identity = None if identity_file is None else identities.named(identity_file)
    asked = identities.Disclosure.asked(
        "policy explain", show=show_people, reason=reason, access_log=access_log, identity=identity
    )
    key = None if key_file is None else identities.key(key_file)
    sighting = sight(Request(captures), found) if captures else None
    unreadable = [capture for capture in sighting.captures if capture.error is not None] if sighting else []
    for capture in unreadable:
        output.say(output.unreadable(capture))
    built = None if identity is None else identities.built(identity, sighting)
    answers = _answers(found, sighting, observation, built, key)
    if built is not None:
        output.say_all(whose.warnings(built, found.people, keyed=key is not None))
    if asked is not None:
        known = [answer.record for answer in answers if answer.record is not None]
        asked.record(observation.host, observation.at, known, found)
    texts = record.SourceTexts(identity)
    seen = [record.people(a.record, texts) if a.record else [] for a in answers] if asked else [[] for _ in answers]
    with_names = asked is not None or found.people is People.NAMED
    if form == "json":
        document = explaining.document(answers, found, str(path), with_names=with_names)
        for each, people in zip(document["explanations"], seen, strict=True):
            each["persons"] = people if asked else None
        output.emit(json.dumps(document, indent=1))
        return ExitCode.UNREADABLE if unreadable else ExitCode.OK
    room = output.terminal_width()
    for number, (answer, people) in enumerate(zip(answers, seen, strict=True)):
        lines = [*([""] if number else []), *explanation.text(answer, str(path), room, with_names=with_names)]
        output.emit("\n".join([*lines, *(["", *records.people_text(people, room)] if people else [])]))
    return ExitCode.UNREADABLE if unreadable else ExitCode.OK


def _answers(
    found: Policy, sighting: Sighting | None, observation: Observation, built: Built | None, key: bytes | None
) -> tuple[Answer, ...]:
    """Explain what was seen, or what is supposed."""
    from auditor.audit import explaining  # noqa: PLC0415 - start-up
    from auditor.pipeline.people import Shown  # noqa: PLC0415 - start-up
    from auditor.pipeline.run import judge  # noqa: PLC0415 - start-up
    from auditor.pipeline.whose import Whose  # noqa: PLC0415 - start-up

    directory = None if built is None else built.directory
    if sighting is None:
        whose = Whose(found, None if directory is None else directory.ask, Shown(found.people, key))
        return (explaining.supposed(observation.conduct(), found, whose, directory),)
    result = judge(sighting, found, directory=directory, key=key)
    host, at, infohashes = observation.host, observation.at, observation.infohash
    answers = tuple(explaining.seen(result, found, directory, host=host, at=at, infohashes=infohashes))
    if not answers:
        raise click.UsageError(_nothing_then(result, observation))
    return answers


def _nothing_then(result: AuditResult, observation: Observation) -> str:
    """Say that there is nothing to explain, and what is nearest."""
    from auditor.cli import output  # noqa: PLC0415 - start-up

    own = [i for i in result.incidents if i.conduct.host == observation.host]
    spans = [f"{i.id} from {first} to {last}" for i in own[:5] for first, last in (output.span(i.conduct),)]
    others = f"; its incidents are {', '.join(spans)} UTC" if spans else "; it has none at any time"
    torrent = " in that torrent" if observation.infohash else ""
    return f"{observation.host} has no incident at that time{torrent} in these captures{others}"


@policy.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--over", "captures", multiple=True, required=True, metavar="CAPTURE", help="What to judge; may be repeated."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--identity", "identity_file", type=click.Path(path_type=Path), help="Who held which address: identity.yaml."
)
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 where anything is judged otherwise.")
def diff(  # noqa: PLR0917 - one argument an option
    old: Path, new: Path, captures: tuple[str, ...], form: str, identity_file: Path | None, tell: bool
) -> ExitCode:
    """Say what NEW would judge otherwise than OLD, over captures of real traffic.

    \b
    Example:
      auditor policy diff policies/corporate.yaml draft.yaml --over 'archive/2026-11-*.pcapng'
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit import difference  # noqa: PLC0415 - start-up
    from auditor.cli import comparison, identities, output  # noqa: PLC0415 - start-up
    from auditor.cli.seeing import Request, sight  # noqa: PLC0415 - start-up
    from auditor.pipeline.run import judge  # noqa: PLC0415 - start-up

    policies = [usable(path) for path in (old, new)]
    identity = None if identity_file is None else identities.named(identity_file)

    def judged(by: Policy) -> AuditResult:
        seen = sight(Request(captures), by)
        return judge(seen, by, directory=None if identity is None else identities.built(identity, seen).directory)

    before, after = (judged(each) for each in policies)
    found = difference.changes(before, after)
    if form == "json":
        click.echo(json.dumps(difference.document(before, after, found), indent=1))
    else:
        output.emit("\n".join(comparison.text(before, after, found, output.terminal_width())))
    unreadable = [capture for capture in after.captures if capture.error is not None]
    for capture in unreadable:
        output.say(output.unreadable(capture))
    return ExitCode.gravest(
        ExitCode.UNREADABLE if unreadable else ExitCode.OK, ExitCode.VIOLATION if tell and found else ExitCode.OK
    )


def _report(files: tuple[Path, ...] | list[Path], output: str) -> None:
    """Check the files, print their issues and end the program where one is an error."""
    from auditor.policy import load  # noqa: PLC0415 - pydantic takes longer to import than --help may take

    now = time.time_ns()
    results = [(file, _read_tests(file) if _has_tests(file) else load.read(file, now)) for file in files]
    issues = [issue for _, loaded in results for issue in loaded.issues]
    if output == "json":
        document = {
            "schema": "auditor.policy-check/1",
            "files": [
                {
                    "path": str(file),
                    "sha256": None if loaded.policy is None else loaded.policy.sha256,
                    "issues": [issue.as_json() for issue in loaded.issues],
                }
                for file, loaded in results
            ],
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for issue in issues:
            click.echo(issue.render())
    errors = sum(issue.severity == "error" for issue in issues)
    click.echo(_summary(len(files), errors, len(issues) - errors), err=True)
    if errors:
        sys.exit(ExitCode.USAGE)


def _has_tests(file: Path) -> bool:
    return file.name.endswith(".test.yaml")


def _read_tests(file: Path) -> Loaded:
    """Read tests that stand beside policies, and are named with them by a shell's pattern."""
    from auditor.policy import testing  # noqa: PLC0415 - start-up
    from auditor.policy.load import Loaded  # noqa: PLC0415 - start-up

    return Loaded(None, testing.read(file).issues)


def _summary(files: int, errors: int, warnings: int) -> str:
    def count(number: int, noun: str) -> str:
        return f"{number} {noun}{'' if number == 1 else 's'}"

    return f"{count(files, 'file')} checked, {count(errors, 'error')}, {count(warnings, 'warning')}"
