"""Clocks of sources."""

from __future__ import annotations

from auditor.identity.tolerance import CAPTURE, DEFAULT_TOLERANCE, Clocks
from auditor.model.identity import Offset


def test_a_known_offset_is_added_give_or_take_its_margin() -> None:
    """Measured or declared."""
    clocks = Clocks({"a": Offset("measured", -3600, 2), "b": Offset("declared", 60, 5)}, {"a": 100})

    assert clocks.of("a")[1:] == (-3600, 2)
    assert clocks.of("b")[1:] == (60, 5)


def test_an_unknown_one_may_be_anything_within_the_tolerance() -> None:
    """An hour and a bit where nobody says how much."""
    clocks = Clocks({"a": Offset("unknown")}, {"a": 7, "b": 8})

    assert [clocks.of(source)[1:] for source in ("a", "b", "c")] == [(0, 7), (0, 8), (0, DEFAULT_TOLERANCE)]
    assert clocks.of("c").offset == Offset("unknown")


def test_the_capture_has_the_captures_clock() -> None:
    """What was seen in it needs no shift."""
    assert Clocks({}, {}).of(CAPTURE) == (Offset("measured"), 0, 0)
