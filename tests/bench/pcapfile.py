"""Many flows merged by time into one pcap file, and slices of such a file.

Layout: the classic pcap header and records, microseconds, little endian, Ethernet: what every reader reads.
"""

from __future__ import annotations

import heapq
import struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
EPOCH = 1_795_338_000  # 2026-11-22T09:00:00Z, when every generated capture begins
RECORD = struct.Struct("<IIII")

Frames: TypeAlias = "Iterator[tuple[bytes, int]]"

_INDEX_BITS = 24  # of a heap entry, under the time: one int compares faster than a tuple
_BATCH = 4096


class Script(NamedTuple):
    """One flow to be written: when it begins (microseconds), then its frames, each with the wait that follows it."""

    start: int
    frames: Frames


class Written(NamedTuple):
    """What a capture holds: packets, and bytes of their frames."""

    packets: int
    bytes: int


def write(path: Path, scripts: Sequence[Script]) -> Written:
    """Write the flows of ``scripts`` to ``path``, merged by time."""
    heap = [script.start << _INDEX_BITS | index for index, script in enumerate(scripts)]
    heapq.heapify(heap)
    flows = [script.frames for script in scripts]
    packets = size = 0
    batch: list[bytes] = []
    with path.open("wb") as file:
        file.write(HEADER)
        while heap:
            entry = heap[0]
            now, index = entry >> _INDEX_BITS, entry & (1 << _INDEX_BITS) - 1
            step = next(flows[index], None)
            if step is None:
                heapq.heappop(heap)
                flows[index] = iter(())  # lets go of what the flow held
                continue
            frame, wait = step
            heapq.heapreplace(heap, entry + (wait << _INDEX_BITS))
            length = len(frame)
            seconds, micros = divmod(now, 1_000_000)
            batch += (RECORD.pack(EPOCH + seconds, micros, length, length), frame)
            packets += 1
            size += length
            if len(batch) >= _BATCH:
                file.write(b"".join(batch))
                batch.clear()
        file.write(b"".join(batch))
    return Written(packets, size)


def cut(source: Path, target: Path, packets: int) -> int:
    """Copy the first ``packets`` records of ``source`` to ``target``; return how many there were."""
    offset, count = len(HEADER), 0
    with source.open("rb") as file:
        file.seek(offset)
        while count < packets and len(record := file.read(RECORD.size)) == RECORD.size:
            length = RECORD.unpack(record)[2]
            file.seek(length, 1)
            offset += RECORD.size + length
            count += 1
        file.seek(0)
        with target.open("wb") as out:
            while offset > 0 and (block := file.read(min(offset, 1 << 20))):
                out.write(block)
                offset -= len(block)
    return count
