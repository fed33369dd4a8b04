"""The types of fields: each knows how to read what was written and how to tell an editor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic_core import CoreSchema, core_schema

from auditor.written import scalars
from auditor.written.scalars import Address, Network

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A value read by ``parse``, which JSON Schema sees as ``json``."""

    parse: Callable[[object], object]
    json: JsonSchema

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return dict(self.json)


class OneOrMore:
    """A list that may be written as its only item."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def wrap(value: object) -> object:
            return value if value is None or isinstance(value, tuple) else (value,)

        return core_schema.no_info_before_validator_function(wrap, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """A mapping that may be written as the value of one of its fields: ``key``, or what ``key`` says of the value."""

    key: str | Callable[[object], str]
    json: JsonSchema

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def wrap(value: object) -> object:
            if value is None or isinstance(value, dict | tuple):
                return value
            return {self.key if isinstance(self.key, str) else self.key(value): value}

        return core_schema.no_info_before_validator_function(wrap, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [dict(self.json), handler(core)]}


def member(enum: type[Enum], field: str) -> Written:
    """Read a member of an enumeration by its word."""
    members = {member.name.lower(): member for member in enum}
    words = tuple(members)
    return Written(lambda value: members[scalars.parse_word(field, words, value)], {"enum": list(words)})


def version(noun: str) -> Written:
    """Read the version of the format of a ``noun``."""
    return Written(partial(scalars.parse_version, noun), {"const": 1})


def text(parse: Callable[[object], object], **json: object) -> Written:
    """Read what an editor sees as text."""
    return Written(parse, {"type": "string", **json})


Id = Annotated[str, text(scalars.parse_id, pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
Line = Annotated[str, text(scalars.parse_line, minLength=1)]
NetworkField = Annotated[Network, text(scalars.parse_network, examples=["10.20.0.0/16", "2001:db8:20::/48"])]
AddressField = Annotated[Address, text(scalars.parse_address, examples=["10.20.0.31", "2001:db8::31"])]
Mac = Annotated[str, text(scalars.parse_mac, examples=["52:54:00:12:34:56"])]
Vlan = Annotated[int, Written(scalars.parse_vlan, {"type": "integer", "minimum": 1, "maximum": 4094})]
Ports = Annotated[range, Written(scalars.parse_ports, {"type": ["integer", "string"], "examples": ["6881-6889"]})]
Amount = Annotated[int, Written(scalars.parse_amount, {"type": ["integer", "string"], "examples": ["10 MiB"]})]
Length = Annotated[int, text(scalars.parse_length, pattern=r"^[0-9.]+ ?(ms|[smhd])$", examples=["90s", "65m", "8d"])]
Shift = Annotated[int, text(scalars.parse_shift, pattern=r"^[+-]?[0-9.]+ ?(ms|[smhd])$", examples=["-1h", "2.5s"])]
Instant = Annotated[date | datetime, text(scalars.parse_instant, examples=["2026-01-31"])]
Moment = Annotated[int, text(scalars.parse_moment, format="date-time", examples=["2026-01-31T18:00:00+01:00"])]
Zone = Annotated[ZoneInfo, text(scalars.parse_zone, examples=["Europe/Berlin"])]
