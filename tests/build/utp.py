"""uTP packets and whole connections (BEP 29)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.build.frames import Side

DATA, FIN, STATE, RESET, SYN = range(5)
SELECTIVE_ACK = 1
CUT = 1400
"""Payload bytes of one packet."""


def packet(
    kind: int,
    connection: int,
    sequence: int,
    acknowledged: int,
    payload: bytes = b"",
    extensions: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """Make one packet; numbers are taken modulo 2**16, extensions are pairs of a number and what it holds."""
    first = extensions[0][0] if extensions else 0
    numbers = (connection & 0xFFFF, 0, 0, 1 << 20, sequence & 0xFFFF, acknowledged & 0xFFFF)
    head = struct.pack("!BBHIIIHH", kind << 4 | 1, first, *numbers)
    following = [number for number, _ in extensions[1:]] + [0]
    chain = b"".join(
        struct.pack("!BB", after, len(held)) + held for after, (_, held) in zip(following, extensions, strict=False)
    )
    return head + chain + payload


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
