"""Flows and their ends."""

from __future__ import annotations

from auditor.model.flow import FrameRef
from tests.build.sighting import EMPLOYEE, OUTSIDER, flow


def test_an_end_is_found_by_its_name() -> None:
    """``orig`` began the flow."""
    between = flow(EMPLOYEE, OUTSIDER, ports=(51000, 6881))

    assert (str(between.endpoint("orig").ip), between.endpoint("orig").port) == (EMPLOYEE, 51000)
    assert (str(between.endpoint("resp").ip), between.endpoint("resp").port) == (OUTSIDER, 6881)


def test_frames_are_in_the_order_of_their_captures() -> None:
    """First by capture, then by number."""
    assert sorted([FrameRef(1, 1), FrameRef(0, 9), FrameRef(0, 2)]) == [FrameRef(0, 2), FrameRef(0, 9), FrameRef(1, 1)]
