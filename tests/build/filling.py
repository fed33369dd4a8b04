"""A program that writes evidence until it is killed: ``python -m tests.build.filling STORE SPOOL FIRST SEED``.

Each line of its output says how many of its records are in the store, and how many in the store or the spool.
"""

from __future__ import annotations

import os
import random
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.evidence.spool import Spool
from auditor.evidence.store import Store, StoreError, open_store
from auditor.evidence.writer import Pace, Writer
from tests.build.evidence import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.evidence.record import Record


MOST = 300
"""Records that wait: a slow machine must come to the end of them."""


def main(url: str, spool: str, first: int, seed: int) -> None:
    """Write, with a store that fails now and then, before or after it has written."""
    chance = random.Random(seed)  # noqa: S311 - it decides when a test fails

    def connect() -> Store:
        store = open_store(url)
        append = store.append

        def try_append(records: Sequence[Record]) -> None:
            fate = chance.random()
            if fate > 0.1:
                append(records)
            if fate < 0.2:
                raise StoreError("it failed for a test")

        store.append = try_append  # type: ignore[method-assign]
        return store

    before = Spool(Path(spool), 1 << 30)
    left = before.left
    before.close()
    pace = Pace(batch=40, linger=0.005, first_retry=0.02, longest_retry=0.05)
    writer = Writer(connect, spool=Path(spool), pace=pace, capacity=1_000_000)
    state = writer.state()
    begin = count(first)
    while True:
        if state.queued + state.spooled < MOST:
            writer.put([record(next(begin)) for _ in range(chance.randrange(1, 60))])
        state = writer.state()
        told = f"{state.acknowledged - left} {state.acknowledged + state.spooled - left}\n"
        os.write(1, told.encode())
        time.sleep(chance.random() * 0.01)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
