"""What the schema of every file is made of, and how editors are told about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from auditor.model.scale import Scale

if TYPE_CHECKING:
    from pydantic_core import core_schema


class Entry(BaseModel):
    """A mapping in a file: every key is known, nothing is converted, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def schema_for_editors(model: type[Entry], title: str) -> dict[str, Any]:
    """Return the JSON Schema of a file that holds a ``model``."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Editors)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}


class _Editors(GenerateJsonSchema):
    """Drops what only repeats a field's name, and ``null``, which a file may not say."""

    def field_title_should_be_set(self, _schema: object, /) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if isinstance(default, Scale):
            return inner | {"default": default.label}
        return inner | ({"default": default} if isinstance(default, bool | int | str) else {})
