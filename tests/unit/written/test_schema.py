"""What editors are told of a file."""

from __future__ import annotations

import jsonschema
import pytest
from pydantic import Field, ValidationError

from auditor.written import fields, schema


class Room(schema.Entry):
    """A room."""

    name: fields.Id = Field(description="What it is called.")
    vlan: fields.Vlan | None = Field(default=None, description="Its VLAN.")
    open: bool = Field(default=True, description="Whether it may be entered.")


def test_a_schema_is_one() -> None:
    """It has its title, and says nothing of ``null``, which no file may say."""
    told = schema.schema_for_editors(Room, "auditor room")
    jsonschema.Draft202012Validator.check_schema(told)
    assert told["title"] == "auditor room"
    assert told["properties"]["vlan"] == {
        "description": "Its VLAN.",
        "type": "integer",
        "minimum": 1,
        "maximum": 4094,
    }
    assert told["properties"]["open"]["default"] is True


def test_an_entry_is_strict_and_stays_as_it_is() -> None:
    """Unknown keys and near-enough values are refused, and nothing changes afterwards."""
    for wrong in ({"name": "a", "size": 1}, {"name": "a", "open": "yes"}):
        with pytest.raises(ValidationError):
            Room.model_validate(wrong)
    room = Room.model_validate({"name": "a"})
    with pytest.raises(ValidationError, match="frozen"):
        room.name = "b"
