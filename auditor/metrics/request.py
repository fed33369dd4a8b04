"""Requests over HTTP/1.1 (RFC 9112) as far as a page of metrics needs them: one request a connection, no body is read.

The client may be anybody who reaches the port. What is not plainly right is refused, and nothing of it is sent back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HEAD = 16 * 1024
"""Bytes of a request line and its headers; Prometheus sends some 300."""
MAX_HEADERS = 64
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 §5.6.2 calls a word so
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (/[!-~]*) HTTP/1\.([01])")
_HEADER = re.compile(rf"({_TOKEN}):[ \t]*([\t -~\x80-\xff]*)")


class BadRequest(ValueError):  # noqa: N818 - the request is bad, the program is fine
    """What came is no request that is answered; ``status`` says how to refuse it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request."""

    method: str
    path: str
    """Without the query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name. One that is given twice is a list, as RFC 9110 §5.3 has it."""

    def accepts(self, header: str, word: str) -> bool:
        """Say whether a header that lists what is accepted names ``word``, and not with a weight of zero."""
        for each in self.headers.get(header, "").lower().split(","):
            name, *parameters = (part.strip() for part in each.split(";"))
            if name == word:
                weights = [part[2:].strip() for part in parameters if part.startswith("q=")]
                return not weights or re.fullmatch(r"0(\.0*)?", weights[0]) is None
        return False


def is_whole(data: bytes) -> bool:
    """Say whether the head of a request has ended, which the caller reads no further.

    Raises:
        BadRequest: if it is longer than any that is answered.
    """
    if b"\r\n\r\n" in data[: MAX_HEAD + 4]:
        return True
    if len(data) > MAX_HEAD:
        raise BadRequest(431)
    return False


def parse(data: bytes) -> Request:
    """Read the head of a request, up to the empty line.

    Raises:
        BadRequest: if it is none.
    """
    head = data.split(b"\r\n\r\n", 1)[0].decode("latin-1")
    first, *lines = head.split("\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None or len(lines) > MAX_HEADERS:
        raise BadRequest(400 if found is None else 431)
    headers: dict[str, str] = {}
    for line in lines:
        pair = _HEADER.fullmatch(line)
        if pair is None:
            raise BadRequest(400)
        name, value = pair[1].lower(), pair[2].strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "host" not in headers and found[3] == "1":
        raise BadRequest(400)
    return Request(found[1], found[2].split("?", 1)[0], headers)
