"""The types of a policy's fields: each knows how to read what was written and how to tell an editor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic_core import CoreSchema, core_schema

from auditor.model import scale
from auditor.model.infohash import Infohash
from auditor.policy import scalars
from auditor.policy.scalars import Network

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

DETECTORS = (
    "bt.handshake",
    "bt.messages",
    "bt.extended",
    "bt.pex",
    "bt.metadata",
    "bt.utp",
    "bt.dht",
    "bt.tracker.http",
    "bt.tracker.udp",
    "bt.tracker.ws",
    "bt.lsd",
    "bt.torrent_file",
    "bt.webseed",
    "bt.portmap",
    "bt.dns",
    "bt.tls",
    "bt.external_address",
    "bt.mse",
)
"""Every detector of the design. A policy may name those that come with a later release."""

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


def _member(enum: type[Enum], field: str) -> Written:
    """Read a member of an enumeration by its word."""
    members = {member.name.lower(): member for member in enum}
    words = tuple(members)
    return Written(lambda value: members[scalars.parse_word(field, words, value)], {"enum": list(words)})


def version(noun: str) -> Written:
    """Read the version of the format of a ``noun``."""
    return Written(partial(scalars.parse_version, noun), {"const": 1})


def _text(parse: Callable[[object], object], **json: object) -> Written:
    return Written(parse, {"type": "string", **json})


_CONFIDENCE = _member(scale.Confidence, "confidence")
_PARTICIPATION = _member(scale.Participation, "participation")

Version = Annotated[int, version("policy")]
Id = Annotated[str, _text(scalars.parse_id, pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
Line = Annotated[str, _text(scalars.parse_line, minLength=1)]
NetworkField = Annotated[Network, _text(scalars.parse_network, examples=["10.20.0.0/16", "2001:db8:20::/48"])]
Mac = Annotated[str, _text(scalars.parse_mac, examples=["52:54:00:12:34:56"])]
Vlan = Annotated[int, Written(scalars.parse_vlan, {"type": "integer", "minimum": 1, "maximum": 4094})]
Ports = Annotated[range, Written(scalars.parse_ports, {"type": ["integer", "string"], "examples": ["6881-6889"]})]
Amount = Annotated[int, Written(scalars.parse_amount, {"type": ["integer", "string"], "examples": ["10 MiB"]})]
Hours = Annotated[tuple[int, int], _text(scalars.parse_hours, examples=["08:00-18:00", "22:00-06:00"])]
Days = Annotated[tuple[int, ...], _text(scalars.parse_days, examples=["mon-fri", "sat"])]
Instant = Annotated[date | datetime, _text(scalars.parse_instant, examples=["2026-01-31"])]
Zone = Annotated[ZoneInfo, _text(scalars.parse_zone, examples=["Europe/Berlin"])]
InfohashField = Annotated[Infohash, _text(scalars.parse_infohash, pattern="^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$")]
Detector = Annotated[str, Written(partial(scalars.parse_word, "detector", DETECTORS), {"enum": list(DETECTORS)})]
Direction = Annotated[
    str, Written(partial(scalars.parse_word, "direction", ("upload", "download")), {"enum": ["upload", "download"]})
]
Confidence = Annotated[scale.Confidence, _CONFIDENCE]
Participation = Annotated[scale.Participation, _PARTICIPATION]
CONFIDENCE_WORDS = _CONFIDENCE.json
PARTICIPATION_WORDS = _PARTICIPATION.json
Verdict = Annotated[scale.Verdict, _member(scale.Verdict, "verdict")]
Severity = Annotated[scale.Severity, _member(scale.Severity, "severity")]
AmountBasis = Annotated[scale.AmountBasis, _member(scale.AmountBasis, "basis")]
People = Annotated[scale.People, _member(scale.People, "people")]
