"""The types of sinks' own fields, as :mod:`auditor.written.fields` has those of any file."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from auditor.model import scale
from auditor.written.fields import Written, member, text
from auditor.written.issue import quoted
from auditor.written.scalars import defect, parse_word

KINDS = ("eve", "ocsf", "syslog")
"""Every sink has its line in :mod:`auditor.sinks.registry`, too."""
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
"""By their numbers (RFC 5424, section 6.2.1)."""
PERIODS = ("hour", "day")
MAX_QUEUE = 1_000_000
_MAX_PATH = 4096
_MAX_SOCKET_PATH = 107
"""Of a Unix socket's path, which the kernel has no room for beyond."""
_MAX_PORT = 65535


class Local(NamedTuple):
    """A file, or a Unix socket that somebody listens at."""

    how: Literal["file", "unix", "unix-datagram"]
    path: Path


class Remote(NamedTuple):
    """A server."""

    how: Literal["tcp", "tls"]
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.how}:[{self.host}]:{self.port}" if ":" in self.host else f"{self.how}:{self.host}:{self.port}"


def parse_path(value: object) -> Path:
    """An absolute path: the daemon's working folder is nobody's."""
    if not isinstance(value, str) or not value.startswith("/") or len(value) > _MAX_PATH or not value.isprintable():
        raise defect("bad-path", f"{quoted(value)} is no absolute path", "begin it with /")
    return Path(value)


def parse_local(value: object) -> Local:
    """``file:/var/log/auditor/eve.json``, ``unix:/run/siem.sock`` or ``unix-datagram:/run/siem.sock``."""
    how, _, path = value.partition(":") if isinstance(value, str) else ("", "", "")
    if how not in {"file", "unix", "unix-datagram"} or not path.startswith("/"):
        hint = "write file:/var/log/auditor/eve.json, unix:/run/siem.sock or unix-datagram:/run/siem.sock"
        raise defect("bad-destination", f"{quoted(value)} is no file and no Unix socket", hint)
    if how != "file" and len(path.encode()) > _MAX_SOCKET_PATH:
        raise defect("bad-destination", f"the path of a Unix socket has at most {_MAX_SOCKET_PATH} bytes")
    return Local("file" if how == "file" else "unix" if how == "unix" else "unix-datagram", parse_path(path))


def parse_remote(value: object) -> Remote:
    """``tls:siem.example.com:6514``, ``tcp:192.0.2.10:601`` or ``tls:[2001:db8::10]:6514``."""
    shape = r"(tcp|tls):(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})"
    found = re.fullmatch(shape, value if isinstance(value, str) else "", re.ASCII)
    port = int(found[4]) if found else 0
    if not found or not 0 < port <= _MAX_PORT or (found[2] and not _is_address(found[2])):
        hint = 'write tls:siem.example.com:6514, tcp:192.0.2.10:601 or "tls:[2001:db8::10]:6514"'
        raise defect("bad-destination", f"{quoted(value)} is no server", hint)
    return Remote("tls" if found[1] == "tls" else "tcp", found[2] or found[3], port)


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def parse_count(least: int, most: int, value: object) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise defect("bad-number", f"{quoted(value)} is no whole number from {least} to {most}")
    return value


def _count(least: int, most: int) -> Written:
    return Written(partial(parse_count, least, most), {"type": "integer", "minimum": least, "maximum": most})


Kind = Annotated[str, Written(partial(parse_word, "kind", KINDS), {"enum": list(KINDS)})]
Verdict = Annotated[scale.Verdict, member(scale.Verdict, "verdict")]
QueueLength = Annotated[int, _count(1, MAX_QUEUE)]
Keep = Annotated[int, _count(1, 1000)]
Destination = Annotated[Local, text(parse_local, examples=["file:/var/log/auditor/eve.json", "unix:/run/siem.sock"])]
Server = Annotated[Remote, text(parse_remote, examples=["tls:siem.example.com:6514", "tcp:192.0.2.10:601"])]
FilePath = Annotated[Path, text(parse_path, pattern="^/")]
Facility = Annotated[str, Written(partial(parse_word, "facility", FACILITIES), {"enum": list(FACILITIES)})]
Period = Annotated[str, Written(partial(parse_word, "period", PERIODS), {"enum": list(PERIODS)})]
