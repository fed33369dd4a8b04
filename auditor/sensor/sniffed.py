"""An interface watched through Scapy's sniffer, where there is no AF_PACKET: slow, and with the same results.

Scapy runs in a process of its own and hands over what it sees as a pcapng stream, which the engine reads as a capture.
It counts no losses: what it does not see, nobody knows of.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from auditor.engine import CapturePath
from auditor.engine.watch import Watch
from auditor.frames.client import sniff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.engine import Options
    from auditor.model.watch import Delta, WatchCounters

SECONDS = 365 * 86_400
"""How long the sniffer runs if nobody stops it; whoever started the sensor starts it again."""


class Sniffed:
    """A watch whose frames come from sniffers, one an interface."""

    def __init__(self, interfaces: Sequence[str], options: Options) -> None:
        """Begin to listen.

        Raises:
            OSError: if there is no such interface, or it may not be listened on.
        """
        with ExitStack() as sniffers, ExitStack() as stack:
            streams = [sniffers.enter_context(sniff(interface, SECONDS)).stream for interface in interfaces]
            vantage = "+".join(interfaces)
            captures = [
                CapturePath(interface, vantage, stream.fileno())
                for interface, stream in zip(interfaces, streams, strict=True)
            ]
            self._watch = stack.enter_context(Watch.replay(captures, options, speed=None))
            self._ends = stack.pop_all()
            self._sniffers = sniffers.pop_all()

    def drain(self, wait: float) -> Delta:
        """Take what is new."""
        return self._watch.drain(wait)

    def counters(self) -> WatchCounters:
        """Look at what came by so far."""
        return self._watch.counters()

    def stop(self) -> None:
        """End watching: the next drains hand over the rest. A sniffer that has nothing to say would be waited for."""
        self._watch.stop()
        with suppress(OSError, ValueError):
            self._sniffers.close()

    def close(self) -> None:
        """End the sniffers too."""
        with suppress(OSError, ValueError):
            self._sniffers.close()
        self._ends.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
