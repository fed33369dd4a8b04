"""Values of an identity file."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from auditor.identity import fields
from auditor.identity.readers.registry import READERS


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
