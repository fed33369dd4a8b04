"""The clocks of the machine."""

from __future__ import annotations

import time

from auditor.sensor.clock import SystemClock


def test_both_clocks_are_read_at_one_moment() -> None:
    """So that what lies between two looks is the same on both, unless one was set."""
    clock = SystemClock()
    first = clock.now()
    time.sleep(0.05)
    second = clock.now()

    assert abs((second.wall - first.wall) - (second.steady - first.steady)) < 20_000_000
    assert abs(second.wall - time.time_ns()) < 10**9


def test_the_kernel_tells_how_far_the_clock_is_off() -> None:
    """Or that nothing keeps it."""
    offset = SystemClock().offset()

    assert offset is None or abs(offset) < 10**9
