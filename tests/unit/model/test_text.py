"""Strangers' strings made harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.text import harmless


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a film.mkv", "a film.mkv"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("日本語 ñ", "日本語 ñ"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_steers_a_terminal_or_the_eye_is_escaped(hostile: str, shown: str) -> None:
    """Control and bidirectional characters are visible; letters of every script stay."""
    assert harmless(hostile) == shown


@given(st.text())
def test_nothing_unsafe_survives(text: str) -> None:
    """Whatever comes in, one printable line that can be encoded comes out."""
    shown = harmless(text)

    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
    assert shown.encode().decode() == shown


def test_length_is_bounded() -> None:
    """A name of a megabyte does not fill the screen, and is seen to be cut."""
    assert harmless("x" * 1000, 10) == "x" * 10 + "…"
