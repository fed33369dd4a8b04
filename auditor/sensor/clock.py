"""The clocks of the machine: the one on the wall, the steady one, and how far the first is off.

They are asked through one value, so that tests may move them; nothing else in the sensor asks for the time.
"""

from __future__ import annotations

import ctypes
import time
from typing import NamedTuple, Protocol

_TRIES = 3
_CLOSE = 200_000
"""Nanoseconds: two clocks that are read this close to each other were read at one moment."""
_UNSYNCHRONISED = 5
"""``TIME_ERROR``: what adjtimex(2) returns while no service keeps the clock."""
_STA_NANO = 0x2000
"""The offset is in nanoseconds, not microseconds."""
_MICRO = 1000


class Moment(NamedTuple):
    """One moment on both clocks, in nanoseconds."""

    wall: int
    """Since the epoch; it may jump."""
    steady: int
    """Since the machine was started, without the time it slept; it never jumps."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Moment:
        """Read both clocks at one moment."""
        ...

    def offset(self) -> int | None:
        """Return by how many nanoseconds the wall clock is off; ``None`` where nothing synchronises it."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> Moment:
        """Read both clocks; again where something came between the two readings."""
        best = _read()
        for _ in range(_TRIES):
            if best[0] <= _CLOSE:
                break
            best = min(best, _read())
        return best[1]

    def offset(self) -> int | None:
        """Ask the kernel what the clock's synchronisation last told it."""
        return kernel_offset()


def _read() -> tuple[int, Moment]:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    wall = time.time_ns()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return after - before, Moment(wall, (before + after) // 2)


class _Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2), as far as it is read here; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def kernel_offset() -> int | None:
    """Ask adjtimex(2), changing nothing; ``None`` too where it may not be asked."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    asked = _Timex()
    state = adjtimex(ctypes.byref(asked))
    if state in {-1, _UNSYNCHRONISED}:
        return None
    return int(asked.offset) * (1 if asked.status & _STA_NANO else _MICRO)
