"""``auditor evidence``: look into a store of evidence, note what came of it, and delete what is too old."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.cli.exit_code import EXIT_CODES, ExitCode
from auditor.cli.parameters import Duration, When
from auditor.model.moment import NANOSECONDS
from auditor.model.scale import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.evidence.store import Store

_T = TypeVar("_T")
STATUSES = ("reviewed", "false-positive", "resolved")
_store = click.option(
    "--store",
    "url",
    required=True,
    envvar="AUDITOR_STORE",
    metavar="URL|DIR",
    help="A folder, sqlite:////path/evidence.sqlite or postgresql://user@host/database.  [env: AUDITOR_STORE]",
)
_form = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
_show_names = click.option("--show-names", is_flag=True, help="Show what torrents are called on the wire too.")


@click.group(epilog=EXIT_CODES)
def evidence() -> None:
    """Look into a store of evidence, note what came of an incident, and delete what is too old.

    A store is written by `auditor sensor run` and by `auditor audit --store`. It is only ever appended to.

    \b
    Start here:
      auditor evidence list --store /var/lib/auditor --verdict violation --status unreviewed
      auditor evidence show 0baf720a00b9 --store /var/lib/auditor --pcap proof.pcapng
      auditor evidence note 0baf720a00b9 --store /var/lib/auditor --status resolved --by 'A. Lee' --reason 'told them'
    """  # noqa: D301 - \b is click's mark for text to keep as it stands


@evidence.command("list")
@_store
@click.option("--from", "begin", type=When(), metavar="TIME", help="Incidents that went on at or after: 2026-11-22.")
@click.option("--to", "end", type=When(), metavar="TIME", help="Incidents that began before.")
@click.option("--group", help="Of this group.")
@click.option(
    "--verdict", type=click.Choice([each.label for each in Verdict]), help="Of this verdict, the gravest given."
)
@click.option("--severity", type=click.Choice([each.label for each in Severity]), help="Of this severity.")
@click.option("--infohash", metavar="HEX", help="In the swarm of this torrent, 40 or 64 digits.")
@click.option("--host", metavar="ADDRESS", help="Of this inside address.")
@click.option("--status", type=click.Choice([*STATUSES, "unreviewed"]), help="What was noted last.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The newest N.")
@_show_names
@_form
def list_(  # noqa: PLR0917 - one argument an option
    url: str,
    begin: int | None,
    end: int | None,
    group: str | None,
    verdict: str | None,
    severity: str | None,
    infohash: str | None,
    host: str | None,
    status: str | None,
    limit: int | None,
    show_names: bool,
    form: str,
) -> ExitCode:
    """List incidents, the newest first, each as it is known now and as people are shown in it.

    \b
    Examples:
      auditor evidence list --store evidence --group guests --from 2026-11-01 --to 2026-12-01
      auditor evidence list --store evidence --infohash dadd5e5ec7… --format json
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.cli import output, stored  # noqa: PLC0415 - start-up
    from auditor.evidence import reading  # noqa: PLC0415 - start-up

    wanted = reading.Filter(
        begin=begin,
        end=end,
        group=group,
        verdict=verdict,
        severity=severity,
        infohash=None if infohash is None else _infohash(infohash),
        host=None if host is None else _address(host),
        status=status,
        limit=limit,
    )
    with _opened(url) as store:
        found = reading.incidents(store, wanted)
    if form == "json":
        output.emit(json.dumps(stored.list_document(found, show_names=show_names), indent=1))
        return ExitCode.OK
    output.emit("\n".join(stored.list_text(found, output.terminal_width(), show_names=show_names)))
    output.say(f"{output.counted(len(found), 'incident')} in {url if '://' not in url else 'the store'}")
    return ExitCode.OK


@evidence.command()
@click.argument("incident")
@_store
@click.option("--pcap", type=click.Path(path_type=Path, dir_okay=False), help="Write the frames that prove it here.")
@_show_names
@_form
def show(incident: str, url: str, pcap: Path | None, show_names: bool, form: str) -> ExitCode:
    """Show all that is known of INCIDENT: how it grew, what was judged and why, whose it was, what proves it, notes.

    INCIDENT is an id, or an end of one that no other has: `list` shows the last twelve digits.

    \b
    Example:
      auditor evidence show 0baf720a00b9 --store evidence --pcap proof.pcapng
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.cli import output, stored  # noqa: PLC0415 - start-up
    from auditor.evidence import reading  # noqa: PLC0415 - start-up

    with _opened(url) as store:
        told = _known(lambda: reading.history(store, incident))
        captures = list(reading.slices(store, told)) if pcap is not None else []
    if form == "json":
        output.emit(json.dumps(stored.history_document(told, show_names=show_names), indent=1))
    else:
        output.emit("\n".join(stored.history_text(told, output.terminal_width(), show_names=show_names)))
    if pcap is not None:
        from auditor.evidence.pcapng import together  # noqa: PLC0415 - start-up

        _write(pcap, together(captures))
        output.say(f"the frames of {output.counted(len(captures), 'observation')} written to {pcap}")
    return ExitCode.OK


@evidence.command()
@click.argument("incident")
@_store
@click.option("--status", type=click.Choice(STATUSES), required=True, help="What came of it.")
@click.option("--by", required=True, metavar="WHO", help="Who says so.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
def note(incident: str, url: str, status: Any, by: str, reason: str) -> ExitCode:  # noqa: ANN401 - one of the words above
    """Note what came of INCIDENT: appended to what was noted before, and told with it.

    \b
    Example:
      auditor evidence note 0baf720a00b9 --store evidence --status false-positive --by 'A. Lee' --reason 'a mirror'
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.evidence import note as noting  # noqa: PLC0415 - start-up

    with _opened(url) as store:
        try:
            record = _known(lambda: noting.note(store, incident, status=status, by=by, reason=reason))
        except ValueError as problem:
            raise click.UsageError(str(problem)) from problem
    output.say(f"{record.body['incident']} is noted as {status}")
    return ExitCode.OK


@evidence.command()
@_store
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Keep as long as its `retention` says.")
@click.option(
    "--keep",
    "keeps",
    multiple=True,
    metavar="[GROUP=]TIME",
    help="Keep this long, 180d, or the records of a group: guests=30d. May be repeated.",
)
@click.option(
    "--what",
    type=click.Choice(["identifying", "all"]),
    default="identifying",
    show_default=True,
    help="Who and what it was, with the frames; or all but the hashes.",
)
@click.option("--by", metavar="WHO", help="Who deletes.  [default: the user]")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@_form
def purge(  # noqa: PLR0917 - one argument an option
    url: str,
    policy_file: Path | None,
    keeps: tuple[str, ...],
    what: Any,  # noqa: ANN401 - one of the words above
    by: str | None,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Delete what is older than it may be kept; the records' hashes stay, and the deletion is a record itself.

    \b
    Examples:
      auditor evidence purge --store evidence --policy policy.yaml --dry-run
      auditor evidence purge --store evidence --keep 180d --keep guests=30d
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.cli import output, stored  # noqa: PLC0415 - start-up
    from auditor.evidence import retention  # noqa: PLC0415 - start-up

    kept = _retention(policy_file, keeps)
    with _opened(url) as store:
        gone = retention.purge(store, kept, what=what, by=by or _user(), dry_run=dry_run)
    if form == "json":
        output.emit(json.dumps({"dry_run": dry_run, **gone._asdict()}, indent=1))
    else:
        output.emit("\n".join(stored.purged_text(gone, dry_run=dry_run)))
    return ExitCode.OK


# -- what options mean -------------------------------------------------------------------------------------------------


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    """Open a store that is there; one that cannot be read ends the command."""
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.evidence.store import StoreError, open_store  # noqa: PLC0415 - start-up

    try:
        with open_store(url, create=False) as store:
            yield store
    except StoreError as problem:
        output.say(str(problem))
        raise SystemExit(ExitCode.UNREADABLE) from problem


def _known(ask: Callable[[], _T]) -> _T:
    try:
        return ask()
    except LookupError as problem:
        raise click.UsageError(str(problem)) from problem


def _infohash(text: str) -> str:
    from auditor.model.infohash import Infohash  # noqa: PLC0415 - start-up

    try:
        return str(Infohash.from_hex(text))
    except ValueError as problem:
        raise click.UsageError(f"--infohash: {problem}") from problem


def _address(text: str) -> str:
    from ipaddress import ip_address  # noqa: PLC0415 - start-up

    try:
        return str(ip_address(text))
    except ValueError as problem:
        raise click.UsageError(f"--host: {problem}") from problem


def _retention(policy_file: Path | None, keeps: tuple[str, ...]) -> Any:  # noqa: ANN401 - the policy's own, which start-up does without
    """Return for how long records are kept, by a policy or by options."""
    if (policy_file is None) == (not keeps):
        raise click.UsageError("say how long records are kept: --policy FILE, or --keep 180d")
    from auditor.cli.policies import usable  # noqa: PLC0415 - start-up
    from auditor.policy.promises import Retention  # noqa: PLC0415 - start-up

    if policy_file is not None:
        retention = usable(policy_file).retention
        if retention is None:
            raise click.UsageError(f"{policy_file} says nothing of `retention`; write it there, or use --keep")
        return retention
    default: int | None = None
    groups: dict[str, int] = {}
    for keep in keeps:
        group, equals, time = keep.rpartition("=")
        length = int(Duration().convert(time, None, None) * NANOSECONDS)
        if equals:
            groups[group] = length
        else:
            default = length
    if default is None:
        raise click.UsageError("--keep says of groups alone how long: add one for all others, --keep 180d")
    return Retention(default, groups)


def _user() -> str:
    import getpass  # noqa: PLC0415 - start-up

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
    except OSError as problem:
        raise click.UsageError(f"{path} cannot be written: {problem.strerror}") from problem
