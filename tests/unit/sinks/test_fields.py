"""What may be written of a sink."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from auditor.sinks.fields import FACILITIES, Local, Remote, parse_count, parse_local, parse_path, parse_remote


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("file:/var/log/eve.json", Local("file", Path("/var/log/eve.json"))),
        ("unix:/run/siem.sock", Local("unix", Path("/run/siem.sock"))),
        ("unix-datagram:/run/siem.sock", Local("unix-datagram", Path("/run/siem.sock"))),
    ],
)
def test_a_destination_on_this_machine(written: str, kept: Local) -> None:
    """A file or a Unix socket."""
    assert parse_local(written) == kept


@pytest.mark.parametrize(
    ("written", "kept", "shown"),
    [
        ("tls:siem.example.com:6514", Remote("tls", "siem.example.com", 6514), "tls:siem.example.com:6514"),
        ("tcp:192.0.2.10:601", Remote("tcp", "192.0.2.10", 601), "tcp:192.0.2.10:601"),
        ("tls:[2001:db8::10]:6514", Remote("tls", "2001:db8::10", 6514), "tls:[2001:db8::10]:6514"),
    ],
)
def test_a_server(written: str, kept: Remote, shown: str) -> None:
    """By name or address, over TCP or TLS."""
    assert parse_remote(written) == kept
    assert str(kept) == shown


@pytest.mark.parametrize(
    "written", ["udp:siem:514", "tls:siem", "tcp:siem:0", "tcp:siem:70000", "tls:[a:b", "", None, 7]
)
def test_what_is_no_server(written: object) -> None:
    """Each is refused with the same words."""
    with pytest.raises(PydanticCustomError, match="is no server"):
        parse_remote(written)


@pytest.mark.parametrize("written", ["eve.json", "file:eve.json", "pipe:/x", "", None, 7, "unix:/" + "x" * 200])
def test_what_is_no_destination(written: object) -> None:
    """Relative paths too: the daemon's working folder is nobody's."""
    with pytest.raises(PydanticCustomError, match=r"is no file and no Unix socket|at most 107 bytes"):
        parse_local(written)


def test_paths_and_numbers_have_bounds() -> None:
    """And say which."""
    with pytest.raises(PydanticCustomError, match="no absolute path"):
        parse_path("x\n")
    with pytest.raises(PydanticCustomError, match="from 1 to 5"):
        parse_count(1, 5, True)
    assert parse_path("/etc/x") == Path("/etc/x")


def test_facilities_have_their_numbers() -> None:
    """RFC 5424, table 1."""
    assert [FACILITIES.index(name) for name in ("kern", "auth", "authpriv", "local0", "local7")] == [0, 4, 10, 16, 23]
