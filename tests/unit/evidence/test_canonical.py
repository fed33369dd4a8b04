"""Tests of canonical JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence.canonical import MAX_INTEGER, Json, canonical

texts = st.text(st.characters(exclude_categories=["Cs"]))
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_the_same_content_has_the_same_bytes(value: dict[str, Json]) -> None:
    """In whatever order it was made, and after it was read again; nothing is lost."""
    written = canonical(value)

    assert json.loads(written) == json.loads(json.dumps(value))
    assert canonical(json.loads(written)) == written
    assert canonical(dict(reversed(value.items()))) == written


def test_the_example_of_the_specification() -> None:
    """RFC 8785 section 3.2.3: keys by their UTF-16 code units, and what is escaped in strings."""
    value: dict[str, Json] = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    assert list(json.loads(canonical(value))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical({"s": '\u20ac$\u000f\nA\'B"\\"/\b'}) == '{"s":"€$\\u000f\\nA\'B\\"\\\\\\"/\\b"}'.encode()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.5, "no float"),
        (float("nan"), "no float"),
        (b"", "no bytes"),
        (2**53, "beyond what JSON holds"),
        (-(2**60), "beyond what JSON holds"),
        ({1: 2}, "no text"),
        ("\ud800", "surrogates"),
        ({1, 2}, "no set"),
    ],
)
def test_what_has_no_canonical_form(value: object, why: str) -> None:
    """Is refused, wherever it stands."""
    with pytest.raises(ValueError, match=why):
        canonical({"a": [True, {"b": value}]})  # type: ignore[dict-item] # that is the point


def test_depth_is_bounded() -> None:
    """Whoever reads it needs no deep stack."""
    value: Json = 1
    for _ in range(20):
        value = [value]

    with pytest.raises(ValueError, match="deep"):
        canonical({"a": value})
