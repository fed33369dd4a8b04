"""``auditor policy``: write a first policy, and check policies."""

from __future__ import annotations

import json
import sys
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from auditor.policy.evaluate import Policy
    from auditor.written.issue import Issue


@click.group()
def policy() -> None:
    """Write and check policies."""


@policy.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="policy.yaml")
@click.option("--force", is_flag=True, help="Overwrite PATH if it exists.")
def init(path: Path, force: bool) -> None:
    """Write a commented first policy to PATH (default: policy.yaml) and check it."""
    text = resources.files("auditor.policy").joinpath("first.yaml").read_text("utf-8")
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


@policy.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(files: tuple[Path, ...], output: str) -> None:
    """Report every issue in FILES; exit 2 if one is an error."""
    _report(files, output)


@policy.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--over", "captures", multiple=True, required=True, metavar="CAPTURE", help="What to judge; may be repeated."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 where anything is judged otherwise.")
def diff(old: Path, new: Path, captures: tuple[str, ...], form: str, tell: bool) -> ExitCode:
    """Say what NEW would judge otherwise than OLD, over captures of real traffic.

    \b
    Example:
      auditor policy diff policies/corporate.yaml draft.yaml --over 'archive/2026-11-*.pcapng'
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.audit import difference  # noqa: PLC0415 - start-up
    from auditor.cli import comparison, output  # noqa: PLC0415 - start-up
    from auditor.cli.seeing import Request, sight  # noqa: PLC0415 - start-up
    from auditor.pipeline.run import judge  # noqa: PLC0415 - start-up

    policies = [_usable(path) for path in (old, new)]
    before, after = (judge(sight(Request(captures), each), each) for each in policies)
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


def _usable(path: Path) -> Policy:
    """Return a policy; say every issue of a bad one and end the program."""
    from auditor.policy import load  # noqa: PLC0415 - pydantic takes longer to import than --help may take

    loaded = load.read(path)
    if loaded.policy is None:
        for issue in loaded.issues:
            click.echo(issue.render(), err=True)
        sys.exit(ExitCode.USAGE)
    return loaded.policy


def _report(files: tuple[Path, ...] | list[Path], output: str) -> None:
    """Check the files, print their issues and end the program where one is an error."""
    from auditor.policy import load  # noqa: PLC0415 - pydantic takes longer to import than --help may take

    now = time.time_ns()
    results = [(file, load.read(file, now)) for file in files]
    issues = [issue for _, loaded in results for issue in loaded.issues]
    if output == "json":
        document = {
            "schema": "auditor.policy-check/1",
            "files": [
                {
                    "path": str(file),
                    "sha256": None if loaded.policy is None else loaded.policy.sha256,
                    "issues": [_as_json(issue) for issue in loaded.issues],
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


def _summary(files: int, errors: int, warnings: int) -> str:
    def count(number: int, noun: str) -> str:
        return f"{number} {noun}{'' if number == 1 else 's'}"

    return f"{count(files, 'file')} checked, {count(errors, 'error')}, {count(warnings, 'warning')}"


def _as_json(issue: Issue) -> dict[str, str | int | None]:
    """Return an issue as the JSON of ``policy check`` has it; a place that is not known is null."""
    return {
        "code": issue.code,
        "severity": issue.severity,
        "message": issue.message,
        "file": issue.file,
        "line": issue.line or None,
        "column": issue.column or None,
        "hint": issue.hint,
    }
