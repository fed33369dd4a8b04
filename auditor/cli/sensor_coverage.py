"""``auditor sensor coverage``: what was watched, what was not, and why."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.exit_code import EXIT_CODES, ExitCode
from auditor.cli.parameters import When

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sensor.covered import Covered, Span

SCHEMA = "auditor.coverage/1"


@click.command(epilog=EXIT_CODES)
@click.option("--from", "begin", type=When(), default="24h", show_default=True, metavar="WHEN", help="Its beginning.")
@click.option("--to", "end", type=When(), metavar="WHEN", help="Its end.  [default: now]")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default="/etc/auditor/sensor.yaml",
    show_default=True,
    help="The sensor file, which names the store and the sensor.",
)
@click.option("--store", metavar="URL|DIR", help="The store, instead of the sensor file's.")
@click.option("--sensor", "name", metavar="NAME", help="The sensor, where a store has several.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def coverage(  # noqa: PLR0917 - one argument an option
    begin: int, end: int | None, config_file: Path, store: str | None, name: str | None, form: str
) -> ExitCode:
    """Say what a sensor watched over a span of time, minute by minute, and what it did not.

    WHEN is 2026-11-22T09:00:00Z, 2026-11-22, or 24h (ago).

    \b
    Examples:
      auditor sensor coverage --from 7d
      auditor sensor coverage --from 2026-11-01 --to 2026-12-01 --format json > november.json
    """  # noqa: D301 - \b is click's mark for text to keep as it stands
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.evidence import reading  # noqa: PLC0415 - start-up
    from auditor.evidence.store import StoreError, open_store  # noqa: PLC0415 - start-up
    from auditor.sensor.covered import covered  # noqa: PLC0415 - start-up

    until = time.time_ns() if end is None else end
    if until <= begin:
        raise click.UsageError("--to is not after --from")
    if store is None:
        from auditor.cli.sensor_run import read_config  # noqa: PLC0415 - start-up

        config = read_config(config_file)
        store, name = config.store.url, name or config.name
    try:
        with closing(open_store(store, create=False)) as opened:
            minutes = reading.coverage(opened, begin - begin % 60_000_000_000, until, name)
    except StoreError as problem:
        raise click.UsageError(str(problem)) from None
    names = sorted({minute.sensor for minute in minutes})
    if len(names) > 1:
        raise click.UsageError(f"the store has coverage of several sensors; name one with --sensor: {', '.join(names)}")
    result = covered(minutes, begin, until)
    sensor = names[0] if names else name
    output.emit(json.dumps(document(result, sensor), indent=1) if form == "json" else "\n".join(text(result, sensor)))
    return ExitCode.OK


def text(result: Covered, sensor: str | None) -> Iterator[str]:
    """Yield the lines for people: the whole, then each span."""
    from auditor.cli.output import counted, duration, size  # noqa: PLC0415 - start-up
    from auditor.model.moment import to_second  # noqa: PLC0415 - start-up
    from auditor.model.text import harmless  # noqa: PLC0415 - start-up

    span = result.end - result.begin
    yield f"{harmless(sensor or 'no sensor')}: {to_second(result.begin)} to {to_second(result.end)} UTC"
    yield f"  watched   {duration(result.watched)} of {duration(span)}, {_percent(result.share_watched)}"
    yield f"  frames    {result.frames:,}, {size(result.bytes)}"
    yield f"  lost      {result.lost:,} in the kernel, {_percent(result.share_lost)} of the frames"
    yield f"  unseen    {size(result.unseen_bytes)} that TCP acknowledged and nobody captured"
    for reason, count in result.discarded.items():
        yield f"  discarded {count:,}, {harmless(reason)}"
    yield f"  canaries  {result.canaries_seen} seen of {result.canaries}"
    yield f"  started   {counted(result.restarts, 'time')}"
    if result.clock_steps:
        yield f"  clock     set in {counted(result.clock_steps, 'minute')}"
    yield ""
    for each in result.spans:
        yield f"{_word(each):<8}  {to_second(each.begin)} to {to_second(each.end)}  {', '.join(each.reasons)}".rstrip()


def document(result: Covered, sensor: str | None) -> dict[str, Any]:
    """Return the same for programs."""
    from auditor.model.moment import NANOSECONDS, rfc3339  # noqa: PLC0415 - start-up

    return {
        "schema": SCHEMA,
        "sensor": sensor,
        "from": rfc3339(result.begin),
        "to": rfc3339(result.end),
        "watched_seconds": result.watched / NANOSECONDS,
        "share_watched": result.share_watched,
        "frames": result.frames,
        "bytes": result.bytes,
        "lost_frames": result.lost,
        "share_lost": result.share_lost,
        "unseen_bytes": result.unseen_bytes,
        "discarded": dict(result.discarded),
        "starts": result.restarts,
        "clock_steps": result.clock_steps,
        "canaries": {"sent": result.canaries, "seen": result.canaries_seen},
        "spans": [
            {
                "state": _word(each),
                "from": rfc3339(each.begin),
                "to": rfc3339(each.end),
                "reasons": list(each.reasons),
                "frames": each.frames,
                "lost_frames": each.lost,
                "unseen_bytes": each.unseen_bytes,
            }
            for each in result.spans
        ],
    }


def _word(span: Span) -> str:
    if not span.is_watched:
        return "gap"
    return "partly" if span.reasons else "watched"


def _percent(share: float) -> str:
    """Write a share so that little is not nothing, and nearly all is not all."""
    for decimals in (1, 3, 6):
        told = f"{share:.{decimals}%}"
        if share in {0.0, 1.0} or told not in {f"{0:.{decimals}%}", f"{1:.{decimals}%}"}:
            return told
    return told
