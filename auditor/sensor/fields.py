"""The types of the sensor file's own fields, as :mod:`auditor.written.fields` has those of any file."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from auditor.written import scalars
from auditor.written.fields import Written, text, version
from auditor.written.issue import quoted
from auditor.written.scalars import Address, defect, parse_word

LOG_FORMATS = ("json", "console")
LOG_LEVELS = ("debug", "info", "warning", "error")
TIMESTAMPS = ("software", "hardware")
STORES = ("sqlite", "postgresql", "postgresql+psycopg")
MAX_INTERFACE_NAME = 15
"""IFNAMSIZ, without the byte that ends it."""
MAX_WORKERS = 256
_MAX_PORT = 65535


class Listen(NamedTuple):
    """Where to listen."""

    address: Address
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"  # noqa: PLR2004


def parse_listen(value: object) -> Listen:
    """``127.0.0.1:9465`` or ``[::1]:9465``."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", str(value), re.ASCII)
    try:
        address = ip_address((found[1] or found[2]) if found else "")
    except ValueError:
        address = None
    if found is None or address is None or not 0 < int(found[3]) <= _MAX_PORT:
        hint = 'write 127.0.0.1:9465 or "[::1]:9465"; 0.0.0.0:9465 is every address of this host'
        raise defect("bad-listen", f"{quoted(value)} is no address with a port", hint)
    return Listen(address, int(found[3]))


def parse_interface(value: object) -> str:
    """``eth1``: what the kernel takes for the name of an interface."""
    name = value if isinstance(value, str) else ""
    if name == "any":
        hint = "name each; the loopback interface and both sides of a bridge would count twice"
        raise defect("bad-interface", "'any' is no interface", hint)
    if not re.fullmatch(r"[!-~]{1,%d}" % MAX_INTERFACE_NAME, name) or re.search(r"[/:%]", name) or name in {".", ".."}:  # noqa: UP031 - braces
        raise defect("bad-interface", f"{quoted(value)} cannot be an interface", "'ip -br link' lists them")
    return name


def parse_number(least: int, most: int, value: object) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise defect("bad-count", f"{quoted(value)} is no number from {least} to {most}")
    return value


def parse_size(least: int, most: int, value: object) -> int:
    """An amount of bytes within bounds."""
    amount = scalars.parse_amount(value)
    if not least <= amount <= most:
        raise defect("bad-size", f"{quoted(value)} is not within {size(least)} and {size(most)}")
    return amount


def parse_wait(least: int, value: object) -> int:
    """A length of time, ``least`` nanoseconds or longer."""
    length = scalars.parse_length(value)
    if length < least:
        raise defect("bad-length", f"{quoted(value)} is shorter than {least / 1e9:g}s")
    return length


def parse_store(value: object) -> str:
    """A URL of SQLite or PostgreSQL, or a folder."""
    written = scalars.parse_line(value)
    scheme, mark, rest = written.partition("://")
    hint = "write sqlite:////var/lib/auditor/evidence.sqlite, postgresql://auditor@db.example/auditor, or a folder"
    if not mark:
        return written
    if scheme not in STORES:
        raise defect("bad-store", f"{quoted(scheme)} is no store: sqlite, postgresql", hint)
    if scheme == "sqlite" and not rest.startswith("//"):
        raise defect("bad-store", f"{quoted(written)} does not name a whole path: sqlite:// and then one", hint)
    try:
        urlsplit(written).port  # noqa: B018 - raises
    except ValueError:
        raise defect("bad-store", "the URL of the store has no port that can be one", hint) from None
    return written


def size(amount: int) -> str:
    """Write an amount of bytes as people do: ``64 MiB``."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if amount >= 1024**power:
            return f"{amount / 1024**power:.4g} {unit}"
    return f"{amount} B"


def _word(field: str, words: tuple[str, ...]) -> Written:
    return Written(partial(parse_word, field, words), {"enum": list(words)})


def _number(least: int, most: int) -> Written:
    return Written(partial(parse_number, least, most), {"type": "integer", "minimum": least, "maximum": most})


def _size(least: int, most: int) -> Written:
    return Written(partial(parse_size, least, most), {"type": ["integer", "string"], "examples": ["64 MiB"]})


def _wait(least: int) -> Written:
    return text(partial(parse_wait, least), pattern=r"^[0-9.]+ ?(ms|[smhd])$", examples=["60s", "1h"])


Version = Annotated[int, version("sensor")]
InterfaceName = Annotated[str, text(parse_interface, minLength=1, maxLength=MAX_INTERFACE_NAME)]
PathText = Annotated[
    str, text(scalars.parse_line, minLength=1, examples=["policy.yaml", "${CREDENTIALS_DIRECTORY}/key"])
]
Ring = Annotated[int, _size(1 << 20, 16 << 30)]
SnapLength = Annotated[int, _number(256, 262_144)]
Workers = Annotated[int, _number(0, MAX_WORKERS)]
Timestamps = Annotated[Literal["software", "hardware"], _word("timestamps", TIMESTAMPS)]
StoreUrl = Annotated[str, text(parse_store, minLength=1, examples=["sqlite:////var/lib/auditor/evidence.sqlite"])]
Queue = Annotated[int, _number(100, 10_000_000)]
SpoolSize = Annotated[int, _size(1 << 20, 1 << 40)]
Commit = Annotated[int, _wait(10_000_000)]
Reload = Annotated[int, _wait(1_000_000_000)]
Every = Annotated[int, _wait(10_000_000_000)]
ListenField = Annotated[Listen, text(parse_listen, examples=["127.0.0.1:9465"])]
LogFormat = Annotated[Literal["json", "console"], _word("format", LOG_FORMATS)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], _word("level", LOG_LEVELS)]
