"""Measure the delay from a frame to a verdict and to a metric: ``python -m tests.bench.latency``; needs root.

A sensor runs as its users run it, on one end of a pair of interfaces. Into the other end go BitTorrent connections, one
after the other, each of another host and torrent. Measured is the time from the last frame that a verdict needs until
the incident stands in the sensor's EVE file, and until its metrics count it, asked every few milliseconds. Prints
Markdown. ``--check`` fails where the bars of 1 s at the median and 2 s at the 99th percentile are missed.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import machine
from tests.build.bittorrent import handshake
from tests.build.daemon import Running, running
from tests.build.frames import Conversation, End
from tests.build.links import pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLES = 200
MEDIAN, PERCENTILE_99 = 1.0, 2.0
"""The bars, in seconds."""
POLL = 0.005
PATIENCE = 15.0
HOSTS = int(IPv4Address("10.40.1.0"))


class Delays(NamedTuple):
    """Seconds from the last frame."""

    verdict: float
    metric: float


def conversation(number: int, draw: random.Random) -> Iterator[bytes]:
    """Yield the frames of one guest's connection, up to the second handshake."""
    talk = Conversation(End(str(IPv4Address(HOSTS + number)), 51000), End("198.51.100.7", 6881))
    infohash = draw.randbytes(20)
    talk.open()
    talk.send("orig", handshake(infohash, b"-qB4520-" + draw.randbytes(12)))
    talk.send("resp", handshake(infohash, b"-TR4060-" + draw.randbytes(12)), acknowledged=False)
    yield from (frame.data for frame in talk.frames)


def measure(sensor: Running, interface: str, samples: int, draw: random.Random) -> Iterator[Delays]:
    """Send connections at odd moments, and time each."""
    eve = sensor.folder / "eve.json"
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        for number in range(samples):
            time.sleep(draw.uniform(0, 0.5))
            for frame in conversation(number, draw):
                out.send(frame)
            began = time.monotonic()
            verdict = metric = None
            while verdict is None or metric is None:
                now = time.monotonic() - began
                if now > PATIENCE:
                    raise TimeoutError(f"connection {number} was not seen within {PATIENCE} s")
                if verdict is None and eve.exists() and eve.read_bytes().count(b'"began"') > number:
                    verdict = now
                if metric is None and sensor.total("auditor_incidents_total") > number:
                    metric = time.monotonic() - began
                time.sleep(POLL)
            yield Delays(verdict, metric)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share lies, of the values that there are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if, with ``--check``, a bar was missed."""
    options = _options(words)
    draw = random.Random(1)  # noqa: S311 - the same work each time
    with TemporaryDirectory(prefix="latency-") as name, pair() as (sending, watched):
        folder = Path(name)
        rest = f"sinks: [{{kind: eve, to: 'file:{folder}/eve.json'}}]\n"
        with running(folder, watched, rest) as sensor:
            delays = list(measure(sensor, sending, options.samples, draw))
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write(
        "| from the last frame to | samples | median | 99th percentile | longest |\n|---|--:|--:|--:|--:|\n"
    )
    missed = False
    for what, values in (
        ("the incident, in the EVE file", [each.verdict for each in delays]),
        ("the count, in the metrics", [each.metric for each in delays]),
    ):
        figures = percentile(values, 0.5), percentile(values, 0.99), max(values)
        missed |= figures[0] > MEDIAN or figures[1] > PERCENTILE_99
        shown = " | ".join(f"{figure:.3f} s" for figure in figures)
        sys.stdout.write(f"| {what} | {len(values)} | {shown} |\n")
    return int(options.check and missed)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--check", action="store_true", help="fail where a bar is missed")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
