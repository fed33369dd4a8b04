# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures from an interface through Scapy's listening socket, on any platform that Scapy knows."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

import scapy.layers.inet
import scapy.layers.inet6
import scapy.layers.ppp  # noqa: F401 - loads what the platform needs
from scapy.config import conf
from scapy.interfaces import network_name
from scapy.sendrecv import AsyncSniffer  # noqa: F401 - loads what the platform needs

from auditor.frames.pcapng import MAX_CAPTURED
from auditor.frames.reading import Captured, Interface, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.frames.reading import Event

_WAIT = 0.1
"""Seconds between two looks at the clock while nothing comes."""


def sniff(interface: str, seconds: float, stopped: Callable[[], bool]) -> Iterator[Event]:
    """Yield the frames seen on ``interface`` for so long, or until ``stopped`` says so.

    Times are exact to some 250 ns: Scapy hands them over as floating-point numbers.

    Raises:
        OSError: if the interface does not exist or may not be listened on.
    """
    deadline = time.monotonic() + seconds
    try:
        name = network_name(interface)
    except ValueError as problem:
        raise OSError(errno.ENODEV, "there is no such interface") from problem
    # On the loopback every frame passes twice, out and in; the plain socket leaves out the first, as libpcap does.
    socket = (conf.L2socket if name == conf.loopback_name else conf.L2listen)(iface=name, promisc=True)
    try:
        yield Section()
        yield Interface(conf.l2types.layer2num.get(socket.LL, 1), MAX_CAPTURED, 9, 0)
        while (left := deadline - time.monotonic()) > 0 and not stopped():
            if not socket.select([socket], min(left, _WAIT)):
                continue
            _, data, seen = socket.recv_raw(MAX_CAPTURED)
            if data:
                when = time.time_ns() if seen is None else int(seen * 1_000_000_000)
                yield Captured(0, when, data, len(data))
    finally:
        socket.close()
