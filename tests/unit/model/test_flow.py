"""Flows and their ends."""

from __future__ import annotations

import pytest

from tests.build.sighting import EMPLOYEE, OUTSIDER, flow


def test_an_end_is_found_by_its_name() -> None:
    """``orig`` began the flow."""
    between = flow(EMPLOYEE, OUTSIDER, ports=(51000, 6881))

    assert (str(between.endpoint("orig").ip), between.endpoint("orig").port) == (EMPLOYEE, 51000)
    assert (str(between.endpoint("resp").ip), between.endpoint("resp").port) == (OUTSIDER, 6881)


@pytest.mark.parametrize(
    ("transport", "orig", "resp", "expected"),
    [
        ("tcp", ("128.232.110.120", 34855), ("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        ("udp", ("192.168.1.52", 54585), ("8.8.8.8", 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ],
)
def test_the_community_id_is_what_other_tools_write(
    transport: str, orig: tuple[str, int], resp: tuple[str, int], expected: str
) -> None:
    """The published examples, whichever end began."""
    for (one, one_port), (other, other_port) in ((orig, resp), (resp, orig)):
        assert flow(one, other, ports=(one_port, other_port), transport=transport).community_id == expected
