"""Values of an identity file."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from auditor.identity import fields
from auditor.identity.readers.registry import READERS
from auditor.model.moment import HOUR, MINUTE, NANOSECONDS


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90 * NANOSECONDS),
        ("65m", 65 * MINUTE),
        ("1.5 h", 90 * MINUTE),
        ("8d", 192 * HOUR),
        ("250ms", NANOSECONDS // 4),
    ],
)
def test_lengths_of_time_have_a_unit(text: str, length: int) -> None:
    """The common ones."""
    assert fields.parse_length(text) == length
    assert fields.parse_length("+" + text) == length
    assert fields.parse_shift("-" + text) == -length


@pytest.mark.parametrize(
    "value", ["", "65", "65 minutes", "1h30m", "-65m", "401d", "9999999999d", 65, True, None, "1e9s", "٣s"]
)
def test_what_is_no_length_is_refused(value: object) -> None:
    """Nor is one longer than a year and a bit."""
    with pytest.raises(PydanticCustomError, match="no length of time"):
        fields.parse_length(value)


def test_a_kind_is_one_that_has_a_reader() -> None:
    """And all of them are told to editors."""
    assert all(fields.parse_kind(kind) == kind for kind in READERS)
    with pytest.raises(PydanticCustomError, match="no kind of source"):
        fields.parse_kind(["kea"])


def test_the_captures_have_a_name_of_their_own() -> None:
    """A source cannot take it."""
    assert fields.parse_name("dhcp-1") == "dhcp-1"
    with pytest.raises(PydanticCustomError, match="captures"):
        fields.parse_name("capture")


def test_a_vlan_may_be_any() -> None:
    """Then the source's own do not count."""
    assert (fields.parse_vlan("any"), fields.parse_vlan(7)) == ("any", 7)
    for wrong in ("all", 0, True):
        with pytest.raises(PydanticCustomError, match="no VLAN id"):
            fields.parse_vlan(wrong)


def test_a_year_has_four_digits() -> None:
    """As in a log's missing date."""
    assert fields.parse_year(2026) == 2026
    for wrong in (26, "2026", True):
        with pytest.raises(PydanticCustomError, match="no year"):
            fields.parse_year(wrong)
