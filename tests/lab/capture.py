"""tcpdump in the router's (or a host's) namespace, one process an interface."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Self

from tests.lab.frames import Recording, read_pcap
from tests.lab.process import LabError

if TYPE_CHECKING:
    from types import TracebackType

    from tests.lab.process import Process
    from tests.lab.topology import Host, Lab

SETTLE = 1.5
"""Seconds for the last frames to reach tcpdump before it is ended: the kernel hands over a block that is not full once
a second (libpcap's time-out as tcpdump sets it)."""


class Tap:
    """A capture that runs for the length of a ``with`` block; afterwards ``recordings`` holds one an interface."""

    def __init__(self, lab: Lab, *interfaces: str, host: Host | None = None, snaplen: int = 262144) -> None:
        self.recordings: list[Recording] = []
        self._lab, self._interfaces, self._host, self._snaplen = lab, interfaces, host, snaplen
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        """Start listening; returns once every interface is open."""
        for interface in self._interfaces:
            listening = self._lab.start(
                self._host, "tcpdump", "-i", interface, "-w", str(self._path(interface)), "-U", "-n", "-Z", "root",
                "-B", "16384", "-s", str(self._snaplen), "--time-stamp-precision=nano",
            )  # fmt: skip
            listening.expect("listening on")
            self._running.append(listening)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening and read what was heard."""
        time.sleep(SETTLE)
        for interface, listening in zip(self._interfaces, self._running, strict=False):
            listening.stop(signal.SIGINT)
            if kind is None:
                if "0 packets dropped by kernel" not in listening.said():
                    raise LabError(f"tcpdump lost frames on {interface}: {listening.said()}")
                self.recordings.append(read_pcap(self._path(interface), interface))

    def _path(self, interface: str) -> str:
        folder = self._host.folder if self._host else self._lab.folder
        return f"{folder}/{interface}-{id(self)}.pcap"
