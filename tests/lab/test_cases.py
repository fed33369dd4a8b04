"""The laboratory's captures that are kept: what an audit says of their plaintext part, everywhere and without root.

They are of the open half, and cut to the first two dozen frames of each pair of ends (``tests.lab.changes``: ``head``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.accuracy import measure

if TYPE_CHECKING:
    from tests.lab.table import Measured

FOLDER = Path(__file__).parents[1] / "cases" / "laboratory"
LIMIT = 1_000_000


@cache
def measured() -> Measured:
    """Audit them once."""
    halves = measure(FOLDER)
    assert not halves["aside"].captures
    return halves["open"]


def test_every_flow_is_known() -> None:
    """The labels explain all that is in the captures, and there are captures."""
    assert measured().captures
    assert not measured().unexplained


def test_plaintext_over_tcp_and_the_dht_are_found() -> None:
    """All of it, as confirmed."""
    wanted = [each for each in measured().verdicts if each.cell.name in {"peer over TCP, plaintext", "dht"}]

    assert {each.cell.name for each in wanted} == {"peer over TCP, plaintext", "dht"}
    assert [each for each in wanted if each.confidence != "confirmed"] == []


def test_infohashes_that_were_read_are_right() -> None:
    """None is another torrent's, and plaintext over TCP gives its own."""
    for each in measured().verdicts:
        if each.label.infohashes:
            assert each.read <= set(each.label.infohashes), each
        assert each.cell.name != "peer over TCP, plaintext" or each.read


def test_nothing_else_is_taken_for_bittorrent() -> None:
    """At no confidence."""
    others = [each for each in measured().verdicts if not each.label.bittorrent]

    assert others
    assert [each for each in others if each.confidence] == []


def test_the_captures_are_small() -> None:
    """All together."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < LIMIT
