"""The words of values in any file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from pydantic_core import PydanticCustomError

from auditor.model.moment import HOUR, MINUTE, NANOSECONDS
from auditor.written import scalars

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("parse", "written", "read"),
    [
        (partial(scalars.parse_version, "policy"), 1, 1),
        (scalars.parse_network, "10.20.0.0/16", ip_network("10.20.0.0/16")),
        (scalars.parse_network, "10.20.0.7", ip_network("10.20.0.7/32")),
        (scalars.parse_network, "2001:db8:20::/48", ip_network("2001:db8:20::/48")),
        (scalars.parse_mac, "52:54:00:AB:34:56", "52:54:00:ab:34:56"),
        (scalars.parse_mac, "52-54-00-ab-34-56", "52:54:00:ab:34:56"),
        (scalars.parse_mac, "5254.00ab.3456", "52:54:00:ab:34:56"),
        (scalars.parse_vlan, 4094, 4094),
        (scalars.parse_ports, 51413, range(51413, 51414)),
        (scalars.parse_ports, "6881-6889", range(6881, 6890)),
        (scalars.parse_amount, 1024, 1024),
        (scalars.parse_amount, "1024", 1024),
        (scalars.parse_amount, "1 MiB", 2**20),
        (scalars.parse_amount, "1.5 GB", 1_500_000_000),
        (scalars.parse_amount, "10kb", 10_000),
        (scalars.parse_instant, "2026-01-31", date(2026, 1, 31)),
        (scalars.parse_instant, "2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        (scalars.parse_moment, "1970-01-01T01:00:00.5+01:00", 500_000_000),
        (scalars.parse_moment, "2026-11-22 11:00:00Z", 1_795_345_200 * 10**9),
        (scalars.parse_address, "2001:DB8::31", ip_address("2001:db8::31")),
        (scalars.parse_line, " one\n  line ", "one line"),
        (scalars.parse_id, "dorm-a.2_x", "dorm-a.2_x"),
    ],
)
def test_what_people_write_is_read(parse: Callable[[object], object], written: object, read: object) -> None:
    """Each value in the forms in which a network engineer writes it."""
    assert parse(written) == read


@pytest.mark.parametrize(
    ("parse", "code", "values"),
    [
        (partial(scalars.parse_version, "policy"), "bad-version", (True, 0, 2, "1", "1.0")),
        (
            scalars.parse_network,
            "bad-network",
            (7, True, "", "10.0.0.0/33", "10.0.0/8", "fe80::%eth0/64", "10.0.0.0/255.0.0.0", "10.0.0.0/-1", "٣.0.0.0"),
        ),
        (scalars.parse_network, "network-host-bits", ("10.0.0.1/8", "2001:db8::1/32")),
        (scalars.parse_mac, "bad-mac", (525400123456, "52:54:00:12:34", "52:54:00:12:34:5g", "52:54-00:12:34:56")),
        (scalars.parse_address, "bad-address", (7, "10.0.0.0/8", "10.0.0", "010.0.0.1", "٣.0.0.0", "")),
        (scalars.parse_moment, "bad-moment", (7, "2026-11-22", "2026-11-22T10:00:00", "1969-01-01T00:00:00Z", "soon")),
        (scalars.parse_vlan, "bad-vlan", (0, 4095, True, "10")),
        (scalars.parse_ports, "bad-port", (65536, True, "9-1", "-1", "1-65536", "http", "٣")),
        (scalars.parse_amount, "bad-amount", (-1, True, "1 MeB", "much", "", "1.", "9" * 19, "999999999999 TiB")),
        (scalars.parse_instant, "bad-instant", ("2026-02-30", "2026-01-31T18:00:00", "31.1.2026", 2026, "")),
        (scalars.parse_zone, "unknown-zone", ("Mars/Base", "../../etc/passwd", "", 1)),
        (scalars.parse_line, "empty-text", ("", " \n")),
        (scalars.parse_line, "bad-text", (1, "\x1b[31m", "a\u202eb", "\ud800")),
        (scalars.parse_id, "bad-id", ("", "Dorm", "a b", "-a", "a" * 65, 1)),
    ],
)
def test_everything_else_is_refused(parse: Callable[[object], object], code: str, values: tuple[object, ...]) -> None:
    """By the code of its kind."""
    for value in values:
        with pytest.raises(PydanticCustomError) as refusal:
            parse(value)
        assert refusal.value.type == code, value


def test_words_are_known_or_refused() -> None:
    """The code carries the field, the hint the nearest word."""
    assert scalars.parse_word("verdict", ("allow", "notice"), "allow") == "allow"
    with pytest.raises(PydanticCustomError) as refusal:
        scalars.parse_word("verdict", ("allow", "notice"), "notcie")
    assert refusal.value.type == "bad-verdict"
    assert (refusal.value.context or {})["hint"] == "did you mean 'notice'?"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90 * NANOSECONDS),
        ("65m", 65 * MINUTE),
        ("1.5 h", 90 * MINUTE),
        ("8d", 192 * HOUR),
        ("250ms", NANOSECONDS // 4),
    ],
)
def test_lengths_of_time_have_a_unit(text: str, length: int) -> None:
    """The common ones."""
    assert scalars.parse_length(text) == length
    assert scalars.parse_length("+" + text) == length
    assert scalars.parse_shift("-" + text) == -length


@pytest.mark.parametrize(
    "value", ["", "65", "65 minutes", "1h30m", "-65m", "401d", "9999999999d", 65, True, None, "1e9s", "٣s"]
)
def test_what_is_no_length_is_refused(value: object) -> None:
    """Nor is one longer than a year and a bit."""
    with pytest.raises(PydanticCustomError, match="no length of time"):
        scalars.parse_length(value)
