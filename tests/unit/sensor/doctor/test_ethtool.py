"""What interfaces are set to do."""

from __future__ import annotations

from auditor.sensor.doctor import ethtool


def test_the_loopback_interface_answers() -> None:
    """Whatever it says: the kernel understood the question, and answered in the form that is read."""
    offloads = ethtool.offloads("lo")
    assert offloads is not None
    assert {type(each) for each in offloads} == {bool}
    assert ethtool.ring("lo") is None


def test_an_interface_that_is_not_there_tells_nothing() -> None:
    """Nor does it raise."""
    assert ethtool.offloads("none0") is None
    assert ethtool.ring("none0") is None
