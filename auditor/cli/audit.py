"""``auditor audit``: captures in, incidents out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from auditor.audit.captures import STDIN
from auditor.cli import ending, identities, output, whose
from auditor.cli.exit_code import EXIT_CODES, ExitCode
from auditor.cli.parameters import Duration, FilePath, Vantage
from auditor.cli.seeing import Request, sight
from auditor.model.scale import People
from auditor.pipeline.run import AuditResult, judge
from auditor.policy.evaluate import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from auditor.audit.captures import VantageRule
    from auditor.model.capture import CaptureInfo
    from auditor.model.flow import FrameRef


@click.command(epilog=EXIT_CODES)
@click.argument("captures", nargs=-1, metavar="[CAPTURE]...")
@click.option("--policy", "policy_file", type=FilePath(), help="Who is who, and what is allowed.")
@click.option(
    "--identity",
    "identity_file",
    type=FilePath(),
    help="Who held which address when: leases, log-ins, translations, lists.",
)
@click.option(
    "--key-file",
    type=FilePath(),
    help="The key of pseudonyms, 32 random bytes; under the same key a person has the same one.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="For people; one JSON document; JSON lines. `auditor schema audit` prints the schema of both.",
)
@click.option("--all-flows", is_flag=True, help="List flows too that carry nothing but the DHT (JSON).")
@click.option(
    "--show-names",
    is_flag=True,
    help="Show the names of torrents and their files that were read off the wire, not only a list's.",
)
@click.option("--frames", "frames_of", metavar="ID", help="Decode the frames that prove an incident or a flow.")
@click.option(
    "--source",
    type=click.Choice(["native", "scapy"]),
    default="native",
    show_default=True,
    help="What reads the captures; scapy is slow, and works where there is no AF_PACKET.",
)
@click.option(
    "--vantage",
    "vantages",
    type=Vantage(),
    multiple=True,
    metavar="NAME=GLOB",
    help="Captures that match stand at a vantage point of their own. May be repeated; the first match counts.",
)
@click.option("--jobs", type=click.IntRange(min=0), default=0, metavar="N", help="Cores to use.  [default: all]")
@click.option("--no-hash", is_flag=True, help="Leave out the captures' SHA-256.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where violations would give 1.")
@click.option(
    "--prometheus-textfile",
    "textfile",
    type=FilePath(dir_okay=False),
    help="Write metrics for the node exporter's textfile collector.",
)
@click.option(
    "--store",
    "store_url",
    metavar="URL|DIR",
    help="Record the result as evidence: a folder, sqlite:////path/evidence.sqlite or postgresql://….",
)
@click.option("--interface", metavar="IF", help="Audit an interface instead of captures.")
@click.option("--duration", "seconds", type=Duration(), metavar="T", help="How long to watch it: 30s, 5m, 1h30m.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour of the text.")
def audit(  # noqa: PLR0917 - one argument an option
    captures: tuple[str, ...],
    policy_file: Path | None,
    identity_file: Path | None,
    key_file: Path | None,
    form: str,
    all_flows: bool,
    show_names: bool,
    frames_of: str | None,
    source: str,
    vantages: tuple[VantageRule, ...],
    jobs: int,
    no_hash: bool,
    exit_zero: bool,
    textfile: Path | None,
    store_url: str | None,
    interface: str | None,
    seconds: float | None,
    color: str,
) -> ExitCode:
    """Say who used BitTorrent in captures, and whether it was allowed.

    CAPTURE is a pcap or pcapng file (plain, gzip or zstd), a folder of them, a pattern, or - for standard input. All
    are one stream in order of time, as rotated files are, unless --vantage parts them.

    \b
    Examples:
      auditor audit --policy policy.yaml capture.pcapng
      auditor audit --policy policy.yaml --format json 'archive/**/*.pcap.gz' > result.json
      auditor audit --vantage office='office-*' --vantage lab='lab-*' captures/
      auditor audit --frames i-0001 capture.pcapng
      auditor audit --policy policy.yaml --store evidence capture.pcapng
      tcpdump -i eth0 -w - | auditor audit -
      auditor audit --interface eth0 --duration 5m
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    _refuse_contradictions(captures, interface, seconds, form, frames_of)
    policy = _load(policy_file)
    if policy is None:
        return ExitCode.USAGE
    identity = None if identity_file is None else identities.named(identity_file)
    key = None if key_file is None else identities.key(key_file)
    sighting = sight(Request(captures, interface, seconds, vantages, source, jobs, not no_hash, all_flows), policy)
    built = None if identity is None else identities.built(identity, sighting)
    result = judge(
        sighting,
        policy,
        directory=built and built.directory,
        identity=built and built.read,
        key=key,
        show_names=show_names,
    )
    if frames_of is None:
        output.emit(_format(result, form), output.colour_wanted(color))
    else:
        output.emit("\n".join(_frames(result, frames_of)))
    _warn(result, policy_file)
    if built is not None:
        output.say_all(whose.warnings(built, policy.people, keyed=key is not None))
    if textfile is not None:
        _write_metrics(result, textfile)
    is_stored = store_url is None or _store(result, policy_file, store_url)
    code = _exit_code(result, exit_zero=exit_zero)
    ending.leave_lying(result)
    return code if is_stored else ExitCode.gravest(code, ExitCode.UNREADABLE)


def _refuse_contradictions(
    captures: tuple[str, ...], interface: str | None, seconds: float | None, form: str, frames_of: str | None
) -> None:
    if not captures and interface is None:
        raise click.UsageError("name a capture, a folder, '-' for standard input, or --interface with --duration")
    if captures and interface is not None:
        raise click.UsageError("captures and --interface are audited one at a time")
    if (interface is None) != (seconds is None):
        raise click.UsageError("--interface and --duration belong together")
    if frames_of is not None and (form != "text" or interface is not None or STDIN in captures):
        raise click.UsageError("--frames shows text, of captures that can be read again")


def _load(policy_file: Path | None) -> Policy | None:
    """Return the policy; where it has issues, say all of them and return ``None``."""
    if policy_file is None:
        return Policy.none()
    from auditor.policy.load import read  # noqa: PLC0415 - start-up

    loaded = read(policy_file)
    for issue in loaded.issues:
        click.echo(issue.render(), err=True)
    return loaded.policy


def _format(result: AuditResult, form: str) -> str:
    if form == "text":
        return "\n".join(output.audit_text(result, output.terminal_width()))
    from auditor.audit import document  # noqa: PLC0415 - start-up

    return "\n".join(document.text(result) if form == "json" else document.lines(result))


def _warn(result: AuditResult, policy_file: Path | None) -> None:
    if policy_file is None:
        output.say(output.no_policy())
    if result.undeclared:
        output.say(output.undeclared(result))
    for capture in result.captures:
        if capture.error is not None:
            output.say(output.unreadable(capture))


def _write_metrics(result: AuditResult, textfile: Path) -> None:
    from auditor.metrics.audit import AuditCollector, write_textfile  # noqa: PLC0415 - start-up

    collector = AuditCollector(result.captures, result.incidents, result.limits_hit, finished=time.time())
    try:
        write_textfile(textfile, collector)
    except OSError as problem:
        raise click.UsageError(f"{textfile} cannot be written: {problem.strerror}") from problem


def _store(result: AuditResult, policy_file: Path | None, url: str) -> bool:
    """Record a result as evidence, and say where it is; or say why that failed."""
    from auditor.audit.storing import store_result  # noqa: PLC0415 - start-up
    from auditor.evidence.store import StoreError, open_store  # noqa: PLC0415 - start-up

    try:
        text = None if policy_file is None else policy_file.read_bytes()
        with open_store(url) as store:
            count = store_result(store, result, text)
            output.say(f"{output.counted(count, 'record')} of evidence written to {store.backend.shown}")
    except StoreError as problem:
        output.say(f"Not all of it is recorded as evidence: {problem}")
        return False
    except OSError as problem:
        output.say(f"{policy_file} cannot be read again: {problem.strerror}")
        return False
    return True


def _exit_code(result: AuditResult, *, exit_zero: bool) -> ExitCode:
    unreadable = any(capture.error is not None for capture in result.captures)
    return ExitCode.gravest(
        ExitCode.UNREADABLE if unreadable else ExitCode.OK,
        ExitCode.VIOLATION if result.violations and not exit_zero else ExitCode.OK,
    )


def _frames(result: AuditResult, identifier: str) -> Iterator[str]:
    """Decode what proves an incident or a flow, capture by capture."""
    from pathlib import Path  # noqa: PLC0415 - start-up

    from auditor.frames.client import describe  # noqa: PLC0415 - start-up

    numbers: dict[int, set[int]] = {}
    for capture_index, number in _proof(result, identifier):
        numbers.setdefault(capture_index, set()).add(number)
    for index, wanted in sorted(numbers.items()):
        capture: CaptureInfo = result.captures[index]
        yield f"{capture.path}: {output.counted(len(wanted), 'frame')}"
        yield from describe(Path(capture.path), sorted(wanted), devices=result.people is People.NAMED)


def _proof(result: AuditResult, identifier: str) -> Iterable[FrameRef]:
    for incident in result.incidents:
        if incident.id == identifier:
            return incident.conduct.frames
    for judged in result.flows:
        if judged.id == identifier:
            return [frame for observation in judged.flow.observations for frame in observation.frames]
    raise click.UsageError(f"there is no incident or flow '{identifier}' in these captures")
