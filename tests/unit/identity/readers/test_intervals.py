"""auditor.identity.readers.intervals."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.model.identity import SourceLine, Tenancy, Trust
from auditor.model.moment import HOUR, NANOSECONDS

READING = Reading("people", "people.csv", ZoneInfo("Europe/Berlin"), vantage="hq")
HEADER = "valid_from,valid_to,ip,mac,host,user,group"
NEW_YEAR = 1_767_225_600 * NANOSECONDS
"""2026-01-01 00:00 UTC."""


def rows(*lines: str, header: str = HEADER) -> list[Told]:
    """Read lines below a header."""
    return list(read("intervals", [line.encode() for line in (header, *lines)], READING))


def row(line: str, header: str = HEADER) -> Tenancy:
    """Read one line that is none to refuse."""
    (told,) = rows(line, header=header)
    assert isinstance(told, Tenancy)
    return told


def test_a_row_with_everything() -> None:
    """As the documentation has it."""
    assert row("2026-01-01T00:00:00Z,,10.20.0.31,52-54-00-12-34-56,alice-laptop,alice,employees") == Tenancy(
        NEW_YEAR,
        None,
        Trust.LISTED,
        SourceLine("people", "people.csv", 2),
        ip=ip_address("10.20.0.31"),
        mac="52:54:00:12:34:56",
        vantage="hq",
        host="alice-laptop",
        user="alice",
        groups=("employees",),
    )


def test_columns_come_in_any_order_and_may_be_missing() -> None:
    """The header says which; ``vlan`` is one."""
    told = row('"a;b|a",120,2001:db8::1', header="Group,VLAN,IP")

    assert (told.ip, told.vlan, told.groups) == (ip_address("2001:db8::1"), 120, ("a", "b"))
    assert (told.start, told.end) == (0, None)


def test_a_network_is_said_of_every_address_in_it() -> None:
    """It is no address."""
    told = row(",,10.20.0.0/24,,,,guests")

    assert (told.ip, told.network) == (None, ip_network("10.20.0.0/24"))


def test_dates_are_whole_local_days() -> None:
    """``valid_to`` holds to the day's end, as in a policy."""
    told = row("2026-01-01,2026-01-01,10.20.0.31,,,alice,")

    assert (told.start, told.end) == (NEW_YEAR - HOUR, NEW_YEAR + 23 * HOUR)


@pytest.mark.parametrize(
    ("begins", "ends", "lengths"),
    [
        ("2026-10-25T02:30:00", "2026-10-25T02:30:00", [(HOUR, True)]),
        ("2026-10-25T02:30:00", "2026-10-25T04:30:00", [(HOUR, True), (2 * HOUR, False)]),
        ("2026-10-25T00:30:00", "2026-10-25T02:30:00", [(2 * HOUR, False), (HOUR, True)]),
    ],
)
def test_an_hour_that_comes_twice_is_supposed(begins: str, ends: str, lengths: list[tuple[int, bool]]) -> None:
    """From the earlier reading of the start, to the later one of the end."""
    told = rows(f"{begins},{ends},10.20.0.31,,,alice,")

    assert [((one.end or 0) - one.start, one.supposed) for one in told if isinstance(one, Tenancy)] == lengths


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",,,,host,user,", "neither ip nor mac is given"),
        (",,10.20.0.300,,,,", "there is no IP address where one belongs"),
        (",,10.20.0.1/24,,,,", "ip is no network: digits, a slash and a prefix, and no bits behind the prefix"),
        (",,,52:54,,,", "there is no MAC address where one belongs"),
        ("yesterday,,10.20.0.1,,,,", "a time is not written as 2026-01-01T00:00:00Z or 2026-01-01"),
        (",2026-13-01,10.20.0.1,,,,", "a time is not written as 2026-01-01T00:00:00Z or 2026-01-01"),
        ("2026-01-02,2026-01-01,10.20.0.1,,,,", "valid_to is not after valid_from"),
        (",,10.20.0.1", "the line has 3 fields where the header has 7"),
        (',,"10.20.0.1,,,,', "the quotes of the line do not close, or stand in the middle of a field"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_next_one_read(line: str, reason: str) -> None:
    """The reason does not quote it."""
    refused, told = rows(line, ",,10.20.0.31,,,,")

    assert refused == Refused(2, reason)
    assert isinstance(told, Tenancy)


@pytest.mark.parametrize("header", ["valid_from,ip,person", "ip,ip", "valid_from,user"])
def test_under_a_header_that_cannot_be_read_nothing_is(header: str) -> None:
    """Columns are not guessed; each line says so."""
    assert [told.line for told in rows("x,y,z", header=header) if isinstance(told, Refused)] == [1, 2]


def test_comments_and_empty_lines_say_nothing() -> None:
    """Before the header as well."""
    assert rows(HEADER, "", "# end", header="# our people") == []


@pytest.mark.parametrize("vlan", ["0", "4095", "x", "-1", "1e3"])
def test_a_vlan_is_a_number(vlan: str) -> None:
    """From 1 to 4094."""
    assert rows(f"10.20.0.1,{vlan}", header="ip,vlan") == [Refused(2, "vlan is not a number from 1 to 4094")]
