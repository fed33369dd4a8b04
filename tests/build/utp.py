"""uTP packets and whole connections (BEP 29)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.build.frames import Side

DATA, FIN, STATE, RESET, SYN = range(5)
CUT = 1400
"""Payload bytes of one packet."""


def packet(kind: int, connection: int, sequence: int, acknowledged: int, payload: bytes = b"") -> bytes:
    """Make one packet."""
    head = struct.pack("!BBHIIIHH", kind << 4 | 1, 0, connection, 0, 0, 1 << 20, sequence, acknowledged)
    return head + payload


def utp_stream(connection: int, turns: Iterable[tuple[Side, bytes]]) -> Iterator[tuple[Side, bytes]]:
    """Yield the datagrams of a connection that ``orig`` begins: SYN, answer, the turns in their order, FIN.

    The receiver of the SYN sends with its id, the sender with the next; the answer takes no sequence number.
    """
    ids = {"orig": connection + 1, "resp": connection}
    following = {"orig": 2, "resp": 500}
    yield "orig", packet(SYN, connection, 1, 0)
    yield "resp", packet(STATE, connection, following["resp"], 1)
    for side, data in turns:
        other: Side = "resp" if side == "orig" else "orig"
        for at in range(0, len(data), CUT):
            yield side, packet(DATA, ids[side], following[side], following[other] - 1, data[at : at + CUT])
            following[side] += 1
        yield other, packet(STATE, ids[other], following[other], following[side] - 1)
    yield "orig", packet(FIN, ids["orig"], following["orig"], following["resp"] - 1)
