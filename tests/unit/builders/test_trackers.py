"""Datagrams of UDP trackers."""

from __future__ import annotations

from tests.build.frames import End
from tests.build.trackers import announced


def test_datagrams_are_those_of_bep_15() -> None:
    """A connect request of 16 bytes, an announce of 98, an answer of 20 and 6 for each peer."""
    turns = announced(b"\xaa" * 20, [End("198.51.100.7", 6881)])

    assert [(side, len(data)) for side, data in turns] == [("orig", 16), ("resp", 16), ("orig", 98), ("resp", 26)]
    assert turns[0][1].startswith(bytes.fromhex("00000417271019800000000000000001"))
    assert turns[3][1].endswith(bytes.fromhex("c63364071ae1"))
