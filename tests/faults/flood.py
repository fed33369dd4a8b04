"""Writes a flood as a capture to standard output, as fast as it goes.

python -m tests.faults.flood syn 10000000 | auditor replay --max --policy policy.yaml -
python -m tests.faults.flood malformed 1000000 | …
"""

from __future__ import annotations

import struct
import sys
from random import Random
from typing import TYPE_CHECKING

from tests.build import End
from tests.build.frames import SYN, TCP, ethernet, ip_packet, tcp_segment

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = 1_795_338_000
_RATE = 100_000
"""Frames a second of the capture's time."""
_AT_ONCE = 10_000
_HEAD = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
_SOURCE, _PORT = 14 + 12, 14 + 20
"""Where an Ethernet frame has the source address and port of an IPv4 TCP segment."""


def syn(count: int) -> Iterator[bytes]:
    """Yield segments that open a flow each, from ever new addresses and ports. Their checksums are of the first."""
    host, server = End("203.0.0.1", 1024), End("10.30.0.7", 80)
    frame = bytearray(ethernet(host, server, ip_packet(host, server, TCP, tcp_segment(host, server, 1, 0, SYN))))
    for number in range(count):
        struct.pack_into("!I", frame, _SOURCE, 0xCB000000 + number // 50_000)
        struct.pack_into("!H", frame, _PORT, 1024 + number % 50_000)
        yield bytes(frame)


def malformed(count: int) -> Iterator[bytes]:
    """Yield frames in which a few bytes are wrong, or that end too early, or are nothing at all."""
    rng = Random(20_261_122)  # noqa: S311 - the same bytes every time
    host, server = End("10.30.0.7", 50_000), End("198.51.100.7", 6881)
    whole = [
        ethernet(
            host, server, ip_packet(host, server, TCP, tcp_segment(host, server, number, 0, 0x18, rng.randbytes(80)))
        )
        for number in range(64)
    ]
    for _ in range(count):
        frame = bytearray(rng.choice(whole))
        for _ in range(3):
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        yield bytes(frame[: rng.randrange(1, len(frame) + 1)])


def main(words: list[str]) -> None:
    """Write what is asked for."""
    kind, count = words
    frames = {"syn": syn, "malformed": malformed}[kind](int(count))
    out, pending = sys.stdout.buffer, [_HEAD]
    for number, frame in enumerate(frames):
        second, rest = divmod(number, _RATE)
        length = len(frame)
        pending.append(struct.pack("<IIII", _START + second, rest * (1_000_000_000 // _RATE), length, length) + frame)
        if len(pending) >= _AT_ONCE:
            out.write(b"".join(pending))
            pending.clear()
    out.write(b"".join(pending))


if __name__ == "__main__":
    main(sys.argv[1:])
