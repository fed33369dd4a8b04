"""A classic BPF machine, as linux/filter.h describes it: what a kernel filter says of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.sensor.kernel_filter import Program

NETWORK, AUXILIARY = 0xFFF0_0000, 0xFFFF_F000
WIDTHS = {0x00: 4, 0x08: 2, 0x10: 1}


def run(program: Program, packet: bytes, protocol: int, vlan: int | None = None) -> int:  # noqa: C901 - a machine
    """Return how much of a frame passes; ``packet`` begins with the network header."""
    accumulator = index = at = 0

    def load(where: int, width: int) -> int:
        where &= 0xFFFF_FFFF
        if where >= AUXILIARY:
            return {0: protocol, 44: vlan or 0, 48: int(vlan is not None)}[where - AUXILIARY]
        start = where - NETWORK
        assert start >= 0, "only the network header is looked at"
        if start + width > len(packet):
            raise EOFError
        return int.from_bytes(packet[start : start + width])

    try:
        for _ in range(len(program)):
            code, true, false, constant = program[at]
            at += 1
            if code == 0x06:
                return constant
            if code == 0x05:
                at += constant
            elif code == 0xB1:
                index = 4 * (load(constant, 1) & 0xF)
            elif code == 0x54:
                accumulator &= constant
            elif code & 0x07 == 0x00:
                accumulator = load(constant + (index if code & 0xE0 == 0x40 else 0), WIDTHS[code & 0x18])
            else:
                holds = {
                    0x15: accumulator == constant,
                    0x25: accumulator > constant,
                    0x35: accumulator >= constant,
                    0x45: bool(accumulator & constant),
                }[code]
                at += true if holds else false
    except EOFError:
        return 0  # The kernel drops a frame that ends before what is asked for.
    raise AssertionError("the program does not end")
