"""What a network interface is set to do, asked of its driver as ethtool(8) does (linux/ethtool.h)."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from typing import NamedTuple

_SIOCETHTOOL = 0x8946
_GET_RINGS, _GET_FLAGS, _GET_GRO = 0x10, 0x25, 0x2B
_FLAG_LRO = 1 << 15


class Offloads(NamedTuple):
    """Whether received frames are put together into larger ones before anybody sees them."""

    gro: bool
    """By the kernel."""
    lro: bool
    """By the interface."""


class Ring(NamedTuple):
    """The interface's own ring of received frames."""

    size: int
    largest: int


def offloads(interface: str) -> Offloads | None:
    """Return what is put together; ``None`` where the driver does not tell."""
    gro, flags = _value(interface, _GET_GRO), _value(interface, _GET_FLAGS)
    if gro is None and flags is None:
        return None
    return Offloads(bool(gro), bool((flags or 0) & _FLAG_LRO))


def ring(interface: str) -> Ring | None:
    """Return the ring of received frames; ``None`` where there is none or the driver does not tell."""
    words = _ask(interface, struct.pack("=9I", _GET_RINGS, *[0] * 8))
    if words is None:
        return None
    _, largest, _, _, _, size, *_ = struct.unpack("=9I", words)
    return Ring(size, largest) if largest else None


def _value(interface: str, command: int) -> int | None:
    answer = _ask(interface, struct.pack("=II", command, 0))
    return None if answer is None else int(struct.unpack("=II", answer)[1])


def _ask(interface: str, command: bytes) -> bytes | None:
    """Send a command; the answer takes its place."""
    buffer = array.array("B", command)
    request = struct.pack("16sP16x", interface.encode(), buffer.buffer_info()[0])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            fcntl.ioctl(end, _SIOCETHTOOL, request)
    except OSError:
        return None
    return buffer.tobytes()
