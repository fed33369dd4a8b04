"""The one door to the compiled engine: captures in, a :class:`~auditor.model.capture.Sighting` out.

The engine hands over plain values, of which ``values`` makes the domain's types. Nothing else imports
``auditor_native``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

try:
    import auditor_native
except ImportError as missing:
    raise ImportError("the compiled engine is missing; build it: pip install -e .") from missing

from auditor.engine.asking import CapturePath, Options, Progress, setup, sources, teller
from auditor.engine.values import sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from auditor.engine.asking import Tell
    from auditor.model.capture import Sighting
    from auditor_native import _RecordSetup

__all__ = [
    "CONTRACT",
    "CapturePath",
    "Options",
    "Progress",
    "Recording",
    "Sent",
    "record",
    "sight",
    "sight_interface",
    "transmit",
]

CONTRACT = 15
"""The form of the engine's values that this module reads."""

if auditor_native.CONTRACT != CONTRACT:
    raise ImportError(
        f"the compiled engine speaks contract {auditor_native.CONTRACT}, this auditor {CONTRACT}; "
        "rebuild it: pip install -e ."
    )


class Recording(NamedTuple):
    """What was recorded."""

    paths: tuple[Path, ...]
    """The files, oldest first."""
    packets: int
    bytes: int
    dropped: int
    """Frames that the kernel had no room for."""
    error: str | None
    """Why it ended before its time."""


def sight(captures: Sequence[CapturePath], options: Options, tell: Tell | None = None) -> Sighting:
    """Read captures and return what was seen in them.

    ``tell`` is called about ten times a second. A capture that cannot be read is in the result, with its error.

    Raises:
        KeyboardInterrupt: when the user interrupts.
    """
    vantages = sorted({capture.vantage for capture in captures})
    return sighting(auditor_native.sight(sources(captures, vantages), setup(options), teller(tell)), vantages)


def sight_interface(interface: str, seconds: float, options: Options, tell: Tell | None = None) -> Sighting:
    """Listen on an interface for so many seconds and return what was seen.

    Raises:
        OSError: if there is no such interface, it is down, or may not be listened on.
        KeyboardInterrupt: when the user interrupts.
    """
    return sighting(auditor_native.sight_interface(interface, seconds, setup(options), teller(tell)), (interface,))


def record(
    interface: str,
    directory: Path,
    *,
    snap_length: int,
    rotate_bytes: int | None = None,
    rotate_seconds: float | None = None,
    seconds: float | None = None,
    tell: Tell | None = None,
) -> Recording:
    """Record an interface into pcapng files for so many seconds, or until the user interrupts.

    Raises:
        OSError: if the interface cannot be listened on or goes away, or the disk is full.
    """
    setup: _RecordSetup = {
        "directory": directory,
        "snap_length": snap_length,
        "rotate_bytes": rotate_bytes,
        "rotate_seconds": rotate_seconds,
        "seconds": seconds,
    }
    raw = auditor_native.record(interface, setup, teller(tell))
    return Recording(tuple(raw["paths"]), raw["packets"], raw["bytes"], raw["dropped"], raw["error"])


class Sent(NamedTuple):
    """What was played onto an interface."""

    frames: int
    bytes: int
    too_long: int
    """Frames that were left out: the interface takes none so long."""
    not_whole: int
    """Frames that were left out: not Ethernet's, or captured in part."""


def transmit(
    captures: Sequence[str],
    interface: str,
    *,
    speed: float | None = 1.0,
    rate: float | None = None,
    loops: int = 1,
    tell: Callable[[int, int], None] | None = None,
) -> Sent:
    """Play captures onto an interface, so many times as fast as they were taken; with ``None`` as fast as it goes.

    ``rate`` sends so many frames a second instead. ``tell`` is called about ten times a second with the frames and
    bytes sent so far.

    Raises:
        OSError: if there is no such interface, it is down or goes away, or nothing may be sent there.
        KeyboardInterrupt: when the user interrupts.
    """
    return Sent(**auditor_native.transmit(captures, interface, {"speed": speed, "rate": rate, "loops": loops}, tell))
