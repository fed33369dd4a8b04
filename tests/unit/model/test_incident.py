"""What an incident says of its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.model.incident import host_end

if TYPE_CHECKING:
    from auditor.model.flow import End


@pytest.mark.parametrize(
    ("inside", "word"), [(("orig",), "orig"), (("resp",), "resp"), (("orig", "resp"), "both"), ((), "none")]
)
def test_one_word_says_which_ends_are_inside(inside: tuple[End, ...], word: str) -> None:
    """As ``inside_end`` in the JSON."""
    assert host_end(inside) == word
