"""What commands need of identity sources: reading them, the key of pseudonyms, and who may see people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.parameters import FilePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from auditor.audit.record import Record
    from auditor.identity.load import Built, Identity
    from auditor.model.capture import Sighting
    from auditor.model.flow import Address
    from auditor.policy.evaluate import Policy


def identity_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of a command that asks identity sources."""
    for option in (
        click.option("--access-log", type=_PATH, help="Where --show-people is recorded; else identity.yaml says."),
        click.option("--reason", metavar="TEXT", help="Why people are to be seen: is recorded."),
        click.option("--show-people", is_flag=True, help="Show names and the sources' lines; needs --reason."),
        click.option("--key-file", type=_PATH, help="The key of pseudonyms, 32 random bytes."),
        click.option("--identity", "identity_file", type=_PATH, help="Who held which address: identity.yaml."),
    ):
        command = option(command)
    return command


_PATH = FilePath(dir_okay=False)


def named(path: Path) -> Identity:
    """Return what an identity file names; say every issue of a bad one and end the program."""
    from auditor.identity.load import read_file  # noqa: PLC0415 - start-up

    loaded = read_file(path)
    for issue in loaded.issues:
        click.echo(issue.render(), err=True)
    if loaded.identity is None:
        sys.exit(ExitCode.USAGE)
    return loaded.identity


def built(identity: Identity, sighting: Sighting | None = None) -> Built:
    """Read all that identity sources say, beside what captures show; too much of it is wrong usage."""
    from auditor.identity.columns import TooManyStatements  # noqa: PLC0415 - start-up
    from auditor.pipeline.known import known  # noqa: PLC0415 - start-up

    try:
        return identity.build() if sighting is None else known(identity, sighting)
    except TooManyStatements as problem:
        raise click.UsageError(str(problem)) from None


def key(path: Path) -> bytes:
    """Return the key of pseudonyms; one that cannot serve is wrong usage."""
    from auditor.pipeline.people import BadKey, read_key  # noqa: PLC0415 - start-up

    try:
        return read_key(path)
    except BadKey as problem:
        raise click.UsageError(str(problem)) from None


class Disclosure(NamedTuple):
    """Leave to see people, once it is recorded."""

    command: str
    reason: str
    log: Path

    @classmethod
    def asked(
        cls, command: str, *, show: bool, reason: str | None, access_log: Path | None, identity: Identity | None
    ) -> Disclosure | None:
        """Return what was asked for; refuse what gives no reason, or where nothing could record it."""
        if not show:
            if reason is not None or access_log is not None:
                raise click.UsageError("--reason and --access-log belong to --show-people")
            return None
        if identity is None:
            raise click.UsageError("--show-people shows what identity sources say: name them with --identity")
        if reason is None or not reason.strip():
            raise click.UsageError("--show-people needs --reason TEXT: who looks at people says why, and is recorded")
        log = access_log or identity.access_log
        if log is None:
            raise click.UsageError(
                "--show-people needs an access log: --access-log FILE, or access_log in identity.yaml"
            )
        return cls(command, reason.strip(), log)

    def record(self, address: Address, at: int, records: Iterable[Record], policy: Policy | None) -> None:
        """Write down that people are looked at; where that fails, nothing is shown."""
        from auditor.audit import access  # noqa: PLC0415 - start-up
        from auditor.audit.record import lines_of  # noqa: PLC0415 - start-up

        lines = [str(line) for known in records for line in lines_of(known)]
        digest = None if policy is None else policy.sha256
        try:
            access.note(
                self.log,
                command=self.command,
                address=address,
                at=at,
                reason=self.reason[: access.MAX_REASON],
                lines=lines,
                policy=digest,
            )
        except OSError as problem:
            raise click.UsageError(
                f"{self.log} cannot be written ({problem.strerror}), so nothing is shown"
            ) from problem
