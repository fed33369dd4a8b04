"""Canonical JSON, so that the same content has the same bytes and so the same hash (RFC 8785).

UTF-8 without spaces, keys sorted by their UTF-16 code units, no floating point, no integer that a double could not
hold exactly: a moment is written as text. What breaks that is refused, for whoever verifies it years later would get
other bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
_SCALARS = frozenset({str, bool, type(None)})
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


def _has_plain_keys(value: object, depth: int) -> bool:
    """Check what an object or a list holds; return whether all keys are ASCII, whose order is the same in any encoding.

    It asks for exact types, and looks at scalars in the loop: half of the time to write a record is spent here.
    """
    if not depth:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    plain = True
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str:
                raise ValueError("a key is no text")
            plain = plain and key.isascii()
        held: Iterable[object] = value.values()
    elif isinstance(value, list | tuple):
        held = value
    else:
        raise ValueError(f"JSON of evidence holds no {type(value).__name__}")  # noqa: TRY004 - as all else that is refused
    for each in held:
        kind = type(each)
        if kind in _SCALARS:
            continue
        if kind is int:
            if not -MAX_INTEGER <= each <= MAX_INTEGER:  # type: ignore[operator] # its type was just asked for
                raise ValueError("an integer is beyond what JSON holds exactly")
            continue
        plain = _has_plain_keys(each, depth - 1) and plain
    return plain


def _in_order(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_in_order(each) for each in value]
    return value
