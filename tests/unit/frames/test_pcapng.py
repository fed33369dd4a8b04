"""The blocks that the pipe carries are those of the specification."""

from __future__ import annotations

from auditor.frames import pcapng
from tests.build import Frame, capture

FRAME = Frame(1_795_338_000_123_456_789, b"abcde")


def test_blocks_are_what_the_test_builder_makes() -> None:
    """Two writers, made apart, agree on every byte."""
    assert pcapng.section() == capture.section()
    assert pcapng.interface(113, 96, 6, -3) == capture.interface(113, resolution=6, offset=-3, snap_length=96)
    assert pcapng.enhanced(2, FRAME.time, FRAME.data, 5) == capture.enhanced(FRAME, 2)
    assert pcapng.simple(FRAME.data, 5) == capture.simple(FRAME)


def test_a_frame_cut_by_the_snap_length_keeps_its_length() -> None:
    """Captured and original length differ."""
    assert pcapng.enhanced(0, FRAME.time, b"abc", 5) == capture.enhanced(FRAME, snap_length=3)
