"""Frames that go on coming: the engine watches interfaces, or plays captures as if it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import auditor_native
from auditor.engine import values
from auditor.engine.asking import setup, sources
from auditor.model.watch import InterfaceCounters, Table, WatchCounters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from auditor.engine.asking import CapturePath, Options
    from auditor.model.watch import Delta
    from auditor_native import _Pace, _Tap


class Tap(NamedTuple):
    """One interface to capture."""

    interface: str
    snap_length: int = 262_144
    ring_bytes: int = 64 << 20
    """Of each worker's ring: what may wait while a worker is busy."""
    block_bytes: int = 1 << 18
    """Of a block of it at least; no longer frame is captured whole."""
    promiscuous: bool = True
    filter: tuple[tuple[int, int, int, int], ...] = ()
    """A program for the kernel's packet machine: code, two skips, number of each instruction. Empty: everything."""
    timestamps: Literal["software", "hardware"] = "software"
    """Who stamps the frames: the kernel, or the card."""
    vantage: str | None = None
    """Interfaces of one vantage point are read as one: a tap that gives each direction on one of its own. All those
    without a name are of one."""


class Watch:
    """Frames through the engine until the source ends or somebody stops it. Close it, or use it in a ``with``.

    ``stop`` and ``counters`` may be called from any thread.
    """

    def __init__(self, native: auditor_native.Watch, vantages: tuple[str, ...]) -> None:
        self._native = native
        self.vantages = vantages
        """Names of the vantage points."""

    @classmethod
    def live(cls, taps: Sequence[Tap], options: Options, *, workers: int = 0) -> Self:
        """Watch interfaces. One that is missing or down is tried again every second, and told of in the counters.

        ``workers`` is how many cores to use; 0 for all. It changes nothing in what is seen.

        Raises:
            OSError: without the right to capture.
            ValueError: for a filter that the kernel would refuse.
        """
        unnamed = "+".join(tap.interface for tap in taps if tap.vantage is None)
        names = [unnamed if tap.vantage is None else tap.vantage for tap in taps]
        vantages = tuple(sorted(set(names)))
        raw: list[_Tap] = [
            {
                "interface": tap.interface,
                "vantage": vantages.index(name),
                "snap_length": tap.snap_length,
                "promiscuous": tap.promiscuous,
                "ring_bytes": tap.ring_bytes,
                "block_bytes": tap.block_bytes,
                "filter": tap.filter,
                "hardware_stamps": tap.timestamps == "hardware",
            }
            for tap, name in zip(taps, names, strict=True)
        ]
        return cls(auditor_native.Watch.live(raw, setup(options) | {"jobs": workers}), vantages)

    @classmethod
    def replay(
        cls,
        captures: Sequence[CapturePath],
        options: Options,
        *,
        speed: float | None = 1.0,
        loops: int = 1,
        gap: float = 1.0,
    ) -> Self:
        """Play captures, so many times as fast as they were taken; with ``None`` as fast as they can be read.

        Frames keep their times. With several loops, each comes ``gap`` seconds of its frames' time after the last.
        """
        vantages = tuple(sorted({capture.vantage for capture in captures}))
        pace: _Pace = {"speed": speed, "loops": loops, "gap": gap}
        return cls(auditor_native.Watch.replay(sources(captures, vantages), setup(options), pace), vantages)

    def drain(self, wait: float) -> Delta:
        """Take what is new: once there is something, or a signal came, but after ``wait`` seconds at the latest."""
        return values.delta(self._native.drain(wait), self.vantages)

    def counters(self) -> WatchCounters:
        """Look at what came by so far."""
        raw = self._native.counters()
        return WatchCounters(
            interfaces=tuple(InterfaceCounters(**interface) for interface in raw["interfaces"]),
            tables={name: Table(*table) for name, table in raw["tables"].items()},
            handed_on=raw["handed_on"],
            workers=raw["workers"],
        )

    def stop(self) -> None:
        """End watching: the next drains hand over the rest, the last of them with ``is_over``."""
        self._native.stop()

    def close(self) -> None:
        """End watching at once; what was not drained is gone."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
