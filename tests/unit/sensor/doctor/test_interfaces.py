"""Checks of interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sensor.doctor import interfaces
from auditor.sensor.doctor.ethtool import Offloads, Ring
from tests.build.doctor import case, interface

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_an_interface_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    """It was misspelt, or has another name on this machine."""
    interface(tmp_path, "enp1s0")
    (found,) = interfaces.are_there(case(tmp_path))
    assert (found.status, found.todo) == ("wrong", "name one that is: enp1s0")


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({}, "right", "up"),
        ({"flags": 0x1103}, "right", "promiscuous already"),
        ({"flags": 0x1002, "carrier": None}, "wrong", "is down"),
        ({"carrier": "0"}, "wrong", "no link"),
        ({"rx_packets": 0}, "doubtful", "not received a frame"),
        ({"rx_packets": 0, "flags": 0x9}, "right", "up"),
    ],
)
def test_an_interface_is_up_and_hears_something(tmp_path: Path, said: dict[str, Any], status: str, words: str) -> None:
    """Or it is said what is missing."""
    interface(tmp_path, "eth1", **said)
    (found,) = interfaces.are_there(case(tmp_path))
    assert found.status == status
    assert words in found.found
    assert (found.todo is None) == (status == "right")


@pytest.mark.parametrize(
    ("offloads", "todo"),
    [
        (Offloads(gro=True, lro=True), "ethtool -K eth1 gro off lro off"),
        (Offloads(gro=False, lro=True), "ethtool -K eth1 lro off"),
        (Offloads(gro=False, lro=False), None),
    ],
)
def test_offloads_that_fake_frames_are_to_be_switched_off(tmp_path: Path, offloads: Offloads, todo: str | None) -> None:
    """What is captured is evidence of what was on the wire."""
    interface(tmp_path, "eth1")
    (found,) = interfaces.show_frames_as_they_were(case(tmp_path, offloads=lambda _: offloads))
    assert (found.status, found.todo) == ("wrong" if todo else "right", todo)


def test_a_driver_that_does_not_tell_is_not_accused(tmp_path: Path) -> None:
    """And nothing is said of interfaces that are not there."""
    silent: Callable[[str], None] = lambda _: None  # noqa: E731 - a driver
    interface(tmp_path, "eth1")
    found = list(interfaces.show_frames_as_they_were(case(tmp_path, interfaces="[eth1, eth2]", offloads=silent)))
    assert [(each.subject, each.status) for each in found] == [("eth1", "unknown")]


def test_an_interface_that_loses_frames_is_told(tmp_path: Path) -> None:
    """With the ring that it could have."""
    interface(tmp_path, "eth1", rx_missed_errors=1234)
    interface(tmp_path, "eth2")
    interface(tmp_path, "eth3")
    rings = {"eth1": Ring(256, 4096), "eth2": Ring(512, 1024), "eth3": None}
    found = list(interfaces.lose_nothing_themselves(case(tmp_path, interfaces="[eth1, eth2, eth3]", ring=rings.get)))
    assert [(each.subject, each.todo) for each in found] == [
        ("eth1", "ethtool -G eth1 rx 4096"),
        ("eth2", "ethtool -G eth2 rx 1024"),
    ]
    assert "1,234 frames" in found[0].found


@pytest.mark.parametrize(("ring", "status"), [("64 MiB", "right"), ("1.5 GiB", "doubtful"), ("3 GiB", "wrong")])
def test_rings_fit_into_memory(tmp_path: Path, ring: str, status: str) -> None:
    """Each worker has one at each interface."""
    (found,) = interfaces.fit_into_memory(case(tmp_path, interfaces=f"[{{name: eth1, ring: {ring}}}]"))
    assert found.status == status
    assert "2 workers" in found.found
