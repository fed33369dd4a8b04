"""Talk that looks random from its first byte: obfuscated BitTorrent by its shape, of which nothing can be read."""

from __future__ import annotations

from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.build.frames import Side

FLIGHTS = (200, 300, 90, 40, 68)
"""Flights of a handshake by libtorrent: its fifth has the length of the plain one."""
UNTELLING = (200, 300, 90, 40)
"""Flights with no length by which a client is known."""


def obfuscated(seed: int, flights: Sequence[int] = FLIGHTS) -> list[tuple[Side, bytes]]:
    """Make the flights of an obfuscated connection in turns, the same for the same seed."""
    source = Random(seed)  # noqa: S311 - a fixed sequence is what is wanted
    sides: cycle[Side] = cycle(("orig", "resp"))
    return [(side, source.randbytes(size)) for side, size in zip(sides, flights, strict=False)]
