r"""auditor.identity.readers.freeradius. Records as version 3.2.1 writes them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers import sessions
from auditor.identity.readers.freeradius import Freeradius
from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.identity.readers.sessions import IDLE
from auditor.model.identity import SourceLine, Tenancy, Trust
from auditor.model.moment import HOUR, NANOSECONDS

READING = Reading("radius", "detail-20261122", ZoneInfo("Europe/Berlin"), vantage="hq")
T = 1_795_351_987 * NANOSECONDS
"""2026-11-22 12:53:07 UTC, 13:53:07 in Berlin."""
START = """Sun Nov 22 13:53:07 2026
	User-Name = "alice"
	Acct-Status-Type = Start
	Acct-Session-Id = "0000004A"
	NAS-IP-Address = 10.0.0.2
	NAS-Identifier = "ap-1"
	NAS-Port-Type = Wireless-802.11
	Calling-Station-Id = "52-54-00-12-34-56"
	Called-Station-Id = "00-11-22-33-44-55:Corp"
	Tunnel-Private-Group-Id:0 = "120"
	Tunnel-Type:0 = VLAN
	Class = 0x656d706c6f79656573
	Filter-Id = "staff"
	Event-Timestamp = "Nov 22 2026 12:53:07 UTC"
	Acct-Unique-Session-Id = "315c93f71208cdf2878f81514f3471d6"
	Timestamp = 1795351987

"""
UPDATE = """Sun Nov 22 13:54:07 2026
	User-Name = "alice"
	Acct-Status-Type = Interim-Update
	Acct-Session-Id = "0000004A"
	NAS-IP-Address = 10.0.0.2
	Framed-IP-Address = 10.20.0.31
	Framed-IPv6-Address = 2001:db8::31
	Framed-IPv6-Prefix = 2001:db8:1::/64
	Delegated-IPv6-Prefix = 2001:db8:2::/56
	Acct-Session-Time = 60
	Calling-Station-Id = "52:54:00:12:34:56"
	Acct-Unique-Session-Id = "315c93f71208cdf2878f81514f3471d6"
	Timestamp = 1795352047

"""
STOP = """Sun Nov 22 13:55:12 2026
	User-Name = "alice"
	Acct-Status-Type = Stop
	Acct-Session-Id = "0000004A"
	NAS-IP-Address = 10.0.0.2
	Framed-IP-Address = 10.20.0.31
	Acct-Session-Time = 120
	Acct-Delay-Time = 5
	Calling-Station-Id = "5254.0012.3456"
	Acct-Unique-Session-Id = "315c93f71208cdf2878f81514f3471d6"
	Timestamp = 1795352112

"""
ATTRIBUTES = (
    ("Called-Station-SSID", "Corp"),
    ("Class", "employees"),
    ("Filter-Id", "staff"),
    ("NAS-IP-Address", "10.0.0.2"),
    ("NAS-Identifier", "ap-1"),
    ("NAS-Port-Type", "Wireless-802.11"),
    ("Tunnel-Private-Group-Id", "120"),
)


def told(text: str, reading: Reading = READING) -> list[Told]:
    """Read a file."""
    return list(read("freeradius", [line.encode() for line in text.split("\n")], reading))


def tenancies(text: str) -> list[Tenancy]:
    """Read a file of which no line is refused."""
    found = told(text)
    assert all(isinstance(one, Tenancy) for one in found)
    return [one for one in found if isinstance(one, Tenancy)]


def start(text: str) -> int:
    """Return when a session of one record begins."""
    return tenancies(text)[0].start


def test_a_session_with_everything() -> None:
    """The device is the user's for all of it; addresses are sure from when they are told."""
    sure = Tenancy(
        T,
        T + 120 * NANOSECONDS,
        Trust.AUTHENTICATED,
        SourceLine("radius", "detail-20261122", 1),
        mac="52:54:00:12:34:56",
        vlan=120,
        vantage="hq",
        user="alice",
        attributes=ATTRIBUTES,
    )

    found = tenancies(START + UPDATE + STOP)

    assert found[0] == sure
    assert sure._replace(ip=ip_address("10.20.0.31"), start=T + 60 * NANOSECONDS) in found
    assert sure._replace(ip=ip_address("2001:db8::31"), start=T + 60 * NANOSECONDS) in found
    assert {one.network for one in found} == {None, ip_network("2001:db8:1::/64"), ip_network("2001:db8:2::/56")}
    assert [one.end for one in found if one.trust is Trust.NEIGHBOUR] == [T + 60 * NANOSECONDS] * 4


def test_a_stop_is_corrected_by_its_delay_and_tells_the_start() -> None:
    """The packet was sent five seconds after."""
    one = tenancies(STOP)[0]

    assert (one.start, one.end) == (T, T + 120 * NANOSECONDS)


def test_a_session_that_is_open_is_supposed_to_go_on_for_a_day() -> None:
    """Or for what the source declares; a record at the file's end counts without its blank line."""
    sure, supposed = tenancies(START.rstrip())

    assert (sure.supposed, supposed.supposed, supposed.start) == (False, True, sure.end)
    assert supposed.end == T + IDLE

    *_, declared = told(START, READING._replace(idle=HOUR))
    assert isinstance(declared, Tenancy)
    assert declared.end == T + HOUR


def test_a_file_that_grows_may_be_asked_at_any_line() -> None:
    """It changes nothing."""
    reader = Freeradius(READING)
    settled: list[Told] = []
    for number, line in enumerate((START + UPDATE + STOP).encode().split(b"\n"), 1):
        settled += reader.line(number, line)
        assert list(reader.rest()) == list(reader.rest())

    assert [*settled, *reader.rest()] == told(START + UPDATE + STOP)


@pytest.mark.parametrize(
    "event",
    [
        '"Nov 22 2026 12:53:07 UTC"',
        '"Nov 22 2026 13:53:07 CET"',
        '"2026-11-22T12:53:07Z"',
        "1795351987",
        '"Nov 22 2026 13:53:07"',
    ],
)
def test_event_timestamp_in_its_renderings(event: str) -> None:
    """It is the NAS's own time and needs no correction."""
    text = START.replace('"Nov 22 2026 12:53:07 UTC"', event).replace(
        "\tTimestamp = 1", "\tAcct-Delay-Time = 5\n\tTimestamp = 1"
    )

    assert start(text) == T


def test_without_timestamps_the_first_line_counts_in_local_time() -> None:
    """An old ``detail`` has no other."""
    text = "\n".join(line for line in START.split("\n") if "Timestamp" not in line)

    assert start(text) == T
    sure = tenancies(text.replace("Nov 22 13:53:07", "Oct 25 02:30:00"))[0]
    assert sure.end is not None
    assert sure.supposed
    assert sure.end - sure.start >= HOUR


def test_a_nas_whose_clock_was_never_set_is_not_believed() -> None:
    """The server's own time is."""
    assert start(START.replace("Nov 22 2026 12:53:07 UTC", "Jan  1 1970 00:10:00 UTC")) == T


def test_values_are_unescaped() -> None:
    """As the server writes them."""
    user = tenancies(START.replace('"alice"', r'"al\"ic\\e\303\251\n"'))[0].user

    assert user == 'al"ic\\eé'


def test_the_name_that_the_server_stripped_goes_first() -> None:
    """Without the realm, which is an attribute."""
    text = START.replace('"alice"', '"alice@corp"\n\tStripped-User-Name = "alice"\n\tRealm = "corp"')

    assert tenancies(text)[0].user == "alice"
    assert ("Realm", "corp") in tenancies(text)[0].attributes


@pytest.mark.parametrize(
    "station", ["52-54-00-12-34-56", "52:54:00:12:34:56", "525400123456", "5254.0012.3456", "52.54.00.12.34.56"]
)
def test_a_mac_in_any_spelling(station: str) -> None:
    """One device."""
    assert tenancies(START.replace("52-54-00-12-34-56", station))[0].mac == "52:54:00:12:34:56"


def test_a_vpn_client_is_called_by_its_address() -> None:
    """That is no device of ours; the address that it is given is its tunnel's."""
    text = START.replace("52-54-00-12-34-56", "198.51.100.9").replace(
        "Event-", "Framed-IP-Address = 10.99.0.5\n\tEvent-"
    )

    assert (tenancies(text)[0].mac, str(tenancies(text)[0].ip)) == (None, "10.99.0.5")


def test_a_vlan_with_a_name_is_an_attribute() -> None:
    """And none of the capture's numbers."""
    one = tenancies(START.replace('"120"', '"guests"'))[0]

    assert one.vlan is None
    assert ("Tunnel-Private-Group-Id", "guests") in one.attributes


def test_an_access_point_that_goes_down_ends_its_sessions() -> None:
    """Accounting-Off has no session of its own."""
    off = "Then\n\tAcct-Status-Type = Accounting-Off\n\tNAS-IP-Address = 10.0.0.2\n\tTimestamp = 1795352047\n\n"

    (one,) = tenancies(START + off)

    assert one.end == T + 60 * NANOSECONDS


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("Acct-Status-Type", "Status", 1, "the record has no Acct-Status-Type: it is no accounting"),
        ("Acct-Session-Id", "Session", 1, "the record has no Acct-Session-Id"),
        ("12:53:07 UTC", "12:53:07 CST", 1, "a time's zone is neither UTC nor the one that is declared for the source"),
        ("Nov 22 2026 12:53:07 UTC", "then", 1, "a time is not written as Nov 22 2026 12:53:07 UTC"),
        ("Event-", "Framed-IP-Address = 10.20.0.300\n\tEvent-", 1, "there is no IP address where one belongs"),
        ("Event-", "Delegated-IPv6-Prefix = 10.0.0.0/8\n\tEvent-", 1, "there is no IPv6 prefix where one belongs"),
        ("Sun Nov 22", "\tUser", 1, "the attribute belongs to no record"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line(old: str, new: str, line: int, reason: str) -> None:
    """And the records behind it are read."""
    found = told(START.replace(old, new, 1) + STOP)

    assert found[0] == Refused(line, reason)
    assert isinstance(found[-1], Tenancy)


def test_an_attribute_that_is_none_costs_its_line_alone() -> None:
    """Half a line, where a disk was full."""
    refused, *rest = told(START.replace('Filter-Id = "staff"', "Filter-"))

    assert refused == Refused(13, "the line is no attribute")
    assert isinstance(rest[0], Tenancy)


def test_open_sessions_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's end says how many."""
    monkeypatch.setattr(sessions, "MAX_OPEN", 1)
    other = START.replace("4A", "4B").replace("315c", "415c")

    assert told(START + other)[-1] == Refused(
        35, "1 sessions were let go before their end: more than 65536 were open at once"
    )
