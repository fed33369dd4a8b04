# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures from an interface through Scapy's listening socket, on any platform that Scapy knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import scapy.layers.inet
import scapy.layers.inet6
import scapy.layers.ppp  # noqa: F401 - each registers its link types
from scapy.config import conf
from scapy.interfaces import network_name
from scapy.sendrecv import AsyncSniffer  # noqa: F401 - loads the sockets of this platform

from auditor.frames.pcapng import MAX_CAPTURED
from auditor.frames.reading import Captured, Interface, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frames.reading import Event

_WAIT = 0.1
"""Seconds between two looks at the clock while nothing comes."""


def sniff(interface: str, seconds: float) -> Iterator[Event]:
    """Yield the frames seen on ``interface`` for so long, or until interrupted.

    Raises:
        OSError: if the interface does not exist or may not be listened on.
    """
    deadline = time.monotonic() + seconds
    socket = conf.L2listen(iface=network_name(interface), promisc=True)
    try:
        yield Section()
        yield Interface(conf.l2types.layer2num.get(socket.LL, 1), MAX_CAPTURED, 9, 0)
        while (left := deadline - time.monotonic()) > 0:
            if not socket.select([socket], min(left, _WAIT)):
                continue
            _, data, seen = socket.recv_raw(MAX_CAPTURED)
            if data:
                when = time.time_ns() if seen is None else int(seen * 1_000_000_000)
                yield Captured(0, when, data, len(data))
    except KeyboardInterrupt:
        return
    finally:
        socket.close()
