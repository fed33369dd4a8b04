"""``auditor sensor canary``: see whether what is sent past the sensor is seen."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, closing
from pathlib import Path  # noqa: TC003  click calls it
from typing import TYPE_CHECKING

import click

from auditor.cli.exit_code import ExitCode
from auditor.cli.sensor_check import config_option
from auditor.model.coverage import CanaryResult, CoverageMinute
from auditor.model.moment import MINUTE, NANOSECONDS, rfc3339
from auditor.model.text import harmless

if TYPE_CHECKING:
    from auditor.sensor.config import SensorConfig


@click.command()
@config_option
@click.option("--over", metavar="IF|namespace", help="Where it is sent. Default: as the sensor file says.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Seconds to look.")
@click.option("--record/--no-record", default=True, show_default=True, help="Record the result in the sensor's store.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def canary(config_file: Path, over: str | None, timeout: float, record: bool, form: str) -> ExitCode:
    """Send one BitTorrent handshake and one DHT query, and see whether they are seen.

    They go over a private network namespace, or over one of the sensor's interfaces, with addresses that lead nowhere.
    A sensor that runs with the same key leaves them out of its incidents. Exit 1 if they were missed, 3 if they could
    not be sent.
    """
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.sensor import load  # noqa: PLC0415 - start-up

    read = load.read(config_file, at_rest=True)
    for issue in read.issues:
        output.say(issue.render())
    if read.config is None:
        return ExitCode.USAGE
    where = over or (read.config.canary.over if read.config.canary else "namespace")
    result = _sent(read.config, where, timeout)
    if record:
        _record(read.config, result)
    output.emit(json.dumps(_document(result)) if form == "json" else _sentence(result))
    if result.error is not None:
        return ExitCode.UNREADABLE
    return ExitCode.OK if result.is_seen else ExitCode.VIOLATION


def _sent(config: SensorConfig, over: str, timeout: float) -> CanaryResult:
    from auditor.engine import Options  # noqa: PLC0415 - start-up
    from auditor.engine.watch import Tap, Watch  # noqa: PLC0415 - start-up
    from auditor.sensor.canary import run  # noqa: PLC0415 - start-up
    from auditor.sensor.key import key_of  # noqa: PLC0415 - start-up

    taps = {each.interface: Tap(**each._asdict()) for each in config.interfaces}
    tap = Tap(f"canary-{os.getpid()}") if over == run.NAMESPACE else taps.get(over)
    if tap is None:
        raise click.UsageError(f"'{over}' is none of the sensor's interfaces: what goes there is not watched")
    key = key_of(config) if config.key_file.exists() else None
    try:
        with ExitStack() as ends:
            way = ends.enter_context(closing(run.way(over, tap.interface)))
            watch = ends.enter_context(Watch.live([tap], Options(inside=()), workers=1))
            return run.once(run.Canaries(way, over, key), watch, timeout)
    except OSError as problem:
        return CanaryResult(time.time_ns(), over, False, False, None, harmless(problem.strerror or str(problem)))


def _record(config: SensorConfig, result: CanaryResult) -> None:
    """Put the result into the minute of coverage in which it was sent."""
    from auditor.cli import output  # noqa: PLC0415 - start-up
    from auditor.evidence.recording import of_coverage  # noqa: PLC0415 - start-up
    from auditor.evidence.store import StoreError, open_store  # noqa: PLC0415 - start-up

    begin = result.at - result.at % MINUTE
    minute = CoverageMinute(config.name, begin, watched=0, frames=0, bytes=0, lost=0, canaries=(result,))
    try:
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(open_store(config.store.url)) as store:
            store.append([of_coverage(minute)])
    except (OSError, StoreError) as problem:
        output.say(f"not recorded: {problem}")


def _sentence(result: CanaryResult) -> str:
    if result.error is not None:
        return f"not sent over {result.over}: {result.error}"
    if result.delay is not None:
        return f"seen over {result.over} within {result.delay / NANOSECONDS:.3f} s"
    handshake, dht = ("seen" if seen else "missed" for seen in (result.saw_handshake, result.saw_dht))
    return f"missed over {result.over}: handshake {handshake}, DHT query {dht}"


def _document(result: CanaryResult) -> dict[str, object]:
    return {
        "schema": "auditor.canary/1",
        "at": rfc3339(result.at),
        "over": result.over,
        "handshake": result.saw_handshake,
        "dht": result.saw_dht,
        "delay_seconds": None if result.delay is None else result.delay / NANOSECONDS,
        "error": result.error,
    }
