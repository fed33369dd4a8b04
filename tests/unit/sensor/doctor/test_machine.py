"""Checks of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.sensor.doctor import machine
from tests.build.doctor import case

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("held", "status", "words"),
    [
        (frozenset[int](), "wrong", "without CAP_NET_RAW"),
        (frozenset({13}), "right", "nothing else"),
        (frozenset({0, 13, 21}), "right", "2 that are given up"),
    ],
)
def test_one_capability_is_needed(tmp_path: Path, held: frozenset[int], status: str, words: str) -> None:
    """All others are given up."""
    (found,) = machine.may_capture(case(tmp_path, capabilities=lambda: held))
    assert found.status == status
    assert words in found.found


def test_a_kernel_that_confines_nothing_is_doubtful(tmp_path: Path) -> None:
    """The sensor runs all the same."""
    bare = case(tmp_path, landlock=lambda: None)
    (bare.host.proc / "sys/kernel/seccomp/actions_avail").unlink()
    assert [each.status for each in machine.can_be_confined(bare)] == ["doubtful", "doubtful"]
    assert [each.status for each in machine.can_be_confined(case(tmp_path))] == ["right", "right"]


@pytest.mark.parametrize(
    ("offset", "status"), [(None, "wrong"), (25_000, "right"), (-99_000_000, "right"), (-2 * 10**9, "doubtful")]
)
def test_the_clock_is_kept(tmp_path: Path, offset: int | None, status: str) -> None:
    """Who held an address is a matter of seconds."""
    (found,) = machine.tells_the_time(case(tmp_path, clock_offset=lambda: offset))
    assert found.status == status
