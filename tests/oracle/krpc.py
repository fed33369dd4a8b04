"""KRPC as BEP 5 writes it down, with a bencode reader of its own (BEP 3)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Message(NamedTuple):
    """One datagram."""

    kind: str
    """``q``, ``r`` or ``e``."""
    method: str
    infohash: bytes | None
    """Of a query that names one."""
    node: bytes | None
    """The id of the node that says this; an error has none."""


def read(payload: bytes) -> Message | None:
    """Read one datagram; ``None`` unless the whole of it is a message with its sender's id, or an error."""
    try:
        message, rest = _value(payload)
    except (ValueError, RecursionError):
        return None
    if rest or not isinstance(message, dict) or not isinstance(message.get(b"t"), bytes):
        return None
    match message.get(b"y"), message:
        case b"e", {b"e": list()}:
            return Message("e", "", None, None)
        case b"r", {b"r": {b"id": identity}} if _is_id(identity):
            return Message("r", "", None, identity)
        case b"q", {b"q": bytes(method), b"a": {b"id": identity} as arguments} if _is_id(identity):
            infohash = arguments.get(b"info_hash")
            return Message("q", method.decode("latin-1"), infohash if _is_id(infohash) else None, identity)
        case _:
            return None


def _is_id(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 20


def _value(data: bytes) -> tuple[Any, bytes]:
    """Read one value; return it and what follows."""
    head, rest = data[:1], data[1:]
    if head == b"i":
        digits, end, rest = rest.partition(b"e")
        if not end or not digits.removeprefix(b"-").isdigit():
            raise ValueError("no integer")
        return int(digits), rest
    if head in {b"l", b"d"}:
        items = []
        while rest[:1] != b"e":
            item, rest = _value(rest)
            items.append(item)
        return (items if head == b"l" else _dictionary(items)), rest[1:]
    digits, colon, rest = data.partition(b":")
    if not colon or not digits.isdigit() or int(digits) > len(rest):
        raise ValueError("no string")
    return rest[: int(digits)], rest[int(digits) :]


def _dictionary(items: list[Any]) -> dict[bytes, Any]:
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or not all(isinstance(key, bytes) for key in keys):
        raise ValueError("no dictionary")
    return dict(zip(keys, values, strict=True))
