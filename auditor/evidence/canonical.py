"""Canonical JSON, so that the same content has the same bytes and so the same hash (RFC 8785).

UTF-8 without spaces, keys sorted by their UTF-16 code units, no floating point, no integer that a double could not
hold exactly: a moment is written as text. What breaks that is refused, for whoever verifies it years later would get
other bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_encode_as_it_is = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(value: Mapping[str, Json]) -> bytes:
    """Return the canonical bytes of an object.

    Raises:
        ValueError: if it holds what canonical JSON cannot.
    """
    if _has_plain_keys(value, MAX_DEPTH):
        return _encode(value).encode()
    return _encode_as_it_is(_in_order(value)).encode()


def _has_plain_keys(value: Json, depth: int) -> bool:
    """Check a value; return whether all keys are ASCII, whose order is the same in any encoding."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator] # its type was just asked for
            raise ValueError("an integer is beyond what JSON holds exactly")
        return True
    if not depth:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        plain = True
        for key, each in value.items():
            if type(key) is not str:
                raise ValueError("a key is no text")
            plain = _has_plain_keys(each, depth - 1) and plain and key.isascii()
        return plain
    if isinstance(value, list | tuple):
        return all([_has_plain_keys(each, depth - 1) for each in value])  # noqa: C419 - each is to be checked
    raise ValueError(f"JSON of evidence holds no {kind.__name__}")


def _in_order(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_in_order(each) for each in value]
    return value
