"""What commands read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from auditor.audit.captures import VantageRule
from auditor.cli.seeing import Request, sight
from auditor.policy.evaluate import Policy
from tests.build import pcap

if TYPE_CHECKING:
    from pathlib import Path


def test_captures_are_read_under_the_policys_inside(tmp_path: Path) -> None:
    """Even an empty one is a capture that was read."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(pcap([]))

    seen = sight(Request((str(path),)), Policy.none())

    assert [(capture.path, capture.error) for capture in seen.captures] == [(str(path), None)]


def test_what_is_not_there_is_a_capture_that_could_not_be_read(tmp_path: Path) -> None:
    """It is told beside the others, not instead of them."""
    seen = sight(Request((str(tmp_path / "none.pcap"),)), Policy.none())

    assert seen.captures[0].error is not None


def test_a_vantage_point_without_captures_is_a_mistake(tmp_path: Path) -> None:
    """A pattern that matches nothing was meant otherwise."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(pcap([]))

    with pytest.raises(click.UsageError, match="matches none"):
        sight(Request((str(path),), vantages=(VantageRule("lab", "lab-*"),)), Policy.none())


def test_an_interface_that_is_not_there_is_told_as_such() -> None:
    """With the system's reason."""
    [capture] = sight(Request((), "no-such-interface", 0.1), Policy.none()).captures

    assert capture.error
