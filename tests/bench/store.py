"""Measure the evidence store: ``python -m tests.bench.store`` (``--help`` lists the options).

Makes observations of 1 KB (a body, what identifies somebody, an infohash and a host for the indexes) as a sensor would,
and appends them in batches of 1,000, each durable before the next: into SQLite, and into a PostgreSQL of its own. This
process is held to one core. Prints Markdown: records a second of the clock, and of its processor. The bars are 10,000 a
second on SQLite and 15,000 on PostgreSQL; ``--check`` fails where one is missed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from auditor.evidence.record import Record, new_id, prepare
from auditor.evidence.store import open_store
from tests.bench import machine
from tests.build.postgres import Missing, Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.evidence.canonical import Json

RECORDS = 200_000
BATCH = 1000
BARS = {"sqlite": 10_000, "postgresql": 15_000}
START = 1_795_338_000 * 10**9
_MOMENT = "2026-11-22T09:00:00.000000000Z"


def records(count: int) -> Iterator[list[Record]]:
    """Yield batches of records: handshakes, as a sensor records them."""
    for begin in range(0, count, BATCH):
        yield [_record(number) for number in range(begin, min(begin + BATCH, count))]


def _record(number: int) -> Record:
    at = START + number * 1_000_000
    infohash = f"{number % 5000:040x}"
    body: dict[str, Json] = {
        "flow": new_id(at),
        "detector": "bt.handshake",
        "confidence": "confirmed",
        "end": "orig",
        "stream": 0,
        "first": _MOMENT,
        "last": _MOMENT,
        "count": 1 + number % 7,
        "frames": [[0, number], [0, number + 1], [0, number + 2], [0, number + 3]],
        "infohashes": [infohash],
        "fact": {"kind": "handshake", "infohash": infohash, "reserved": "0000000000100005", "rest": "x" * 400},
    }
    identifying: dict[str, Json] = {
        "host": f"10.20.{number >> 8 & 255}.{number & 255}",
        "mac": "52:54:00:12:34:56",
        "peer_id": f"{number:040x}",
        "client": "qBittorrent 4.5.2",
        "name": "a name that somebody chose",
    }
    return Record("observation", new_id(at), at, body, identifying)


def measure(url: str, count: int) -> tuple[float, float]:
    """Append so many records; return the seconds that it took by the clock, and of this process' processor."""
    wall = processor = 0.0
    with open_store(url) as store:
        for batch in records(count):
            began, worked = time.perf_counter(), time.process_time()
            store.append(batch)
            wall += time.perf_counter() - began
            processor += time.process_time() - worked
        if store.count() != count:
            raise RuntimeError("records are missing")
    return wall, processor


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if, with ``--check``, a bar was missed."""
    options = _options(words)
    gc.set_threshold(1_000_000)  # as the command line has it
    cores = os.sched_getaffinity(0)
    example = prepare(_record(4711))
    size = len(example.body.content) + len(example.identifying.content if example.identifying else b"")
    missed = False
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write("| store | records | bytes each | seconds | a second | of the processor | bar |\n")
    sys.stdout.write("|---|--:|--:|--:|--:|--:|--:|\n")
    with ExitStack() as until_end:
        folder = until_end.enter_context(TemporaryDirectory(dir=options.folder))
        names = ["sqlite"]
        try:
            server = Postgres(durable=True)
        except Missing as problem:
            sys.stderr.write(f"{problem}\n")
        else:
            until_end.callback(server.stop)
            names.append("postgresql")
        os.sched_setaffinity(0, {max(cores)})
        until_end.callback(os.sched_setaffinity, 0, cores)
        for name in names:
            rounds = (
                measure(f"{folder}/{turn}" if name == "sqlite" else server.database(), options.records)
                for turn in range(options.rounds)
            )
            wall, processor = min(rounds)
            rate = options.records / wall
            missed |= rate < BARS[name]
            figures = f"{options.records:,} | {size:,} | {wall:.1f} | {rate:,.0f} | {options.records / processor:,.0f}"
            sys.stdout.write(f"| {name} | {figures} | {BARS[name]:,} |\n")
    return int(options.check and missed)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.store", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--folder", help="where SQLite's file is made; a disk, not memory")
    parser.add_argument("--check", action="store_true", help="fail where a bar is missed")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
