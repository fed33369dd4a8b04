"""Who had which address, as frames said."""

from __future__ import annotations

from tests.build.sighting import NINE, binding, lease


def test_equal_words_are_equal() -> None:
    """They are plain values."""
    assert binding("10.20.0.5", "02:00:00:00:00:05") == binding("10.20.0.5", "02:00:00:00:00:05")
    assert lease("10.20.0.5", None) != lease("10.20.0.5", None, at=NINE + 1)
