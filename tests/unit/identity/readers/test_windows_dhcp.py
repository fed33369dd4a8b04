"""auditor.identity.readers.windows_dhcp."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers.registry import Refused
from auditor.model.identity import Tenancy
from auditor.model.moment import HOUR
from tests.build.identity import ALICE, GUEST, held, moment, refused, spans, tell

PREAMBLE = """\t\tMicrosoft DHCP Service Activity Log\r
\r
Event ID  Meaning\r
00\tThe log was started.\r
10\tA new IP address was leased to a client.\r
\r
ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult,Probationtime\r
"""
START = "00,11/22/26,00:00:01,Started,,,,,0,6,,,,,,,,,0\n"
ASSIGN = (
    "10,11/22/26,13:53:07,Assign,10.30.0.70,alice-laptop.corp.example,525400123456,,3735928559,0,,,,"
    "0x4D53465420352E30,MSFT 5.0,,,,0\n"
)
BERLIN = ZoneInfo("Europe/Berlin")


def _row(event: int, clock: str = "13:53:07", day: str = "11/22/26", mac: str = "525400123456") -> str:
    return f"{event},{day},{clock},,10.30.0.70,alice-laptop,{mac},,0,6,,,,,,,,,0\n"


def test_an_assignment_holds_from_its_local_time_on() -> None:
    """The preamble is for people; the row says no end; the MAC has nothing between its digits."""
    (tenancy,) = held("windows-dhcp", PREAMBLE + START + ASSIGN, zone=BERLIN)

    assert spans([tenancy]) == [("12:53:07", "", "10.30.0.70", ALICE, 9)]
    assert tenancy.host == "alice-laptop.corp.example"


def test_a_known_length_of_leases_is_an_end() -> None:
    """The log does not tell it, but whoever keeps the server may."""
    assert spans(held("windows-dhcp", ASSIGN, lease=8 * HOUR))[0][:2] == ("13:53:07", "21:53:07")


@pytest.mark.parametrize("event", [10, 11, 20, 21])
def test_assigned_renewed_and_bootp_hold(event: int) -> None:
    """Each is the server's word that the device has the address."""
    assert spans(held("windows-dhcp", _row(event)))[0][:2] == ("13:53:07", "")


@pytest.mark.parametrize("event", [12, 13, 16, 17, 18, 23])
def test_released_deleted_expired_and_found_in_use_end(event: int) -> None:
    """From then on that device has the address no longer."""
    assert spans(held("windows-dhcp", _row(event))) == [("13:53:07", "13:53:07", "10.30.0.70", ALICE, 1)]


@pytest.mark.parametrize("event", [0, 1, 2, 14, 15, 22, 24, 25, 30, 31, 32, 33, 34, 35, 36, 56, 64])
def test_everything_else_says_nothing_of_an_address(event: int) -> None:
    """Starts and stops, refusals, clean-ups, the DNS, rogue servers."""
    assert held("windows-dhcp", _row(event)) == []


def test_years_have_two_digits_or_four() -> None:
    """Month first, in any language of the server."""
    assert held("windows-dhcp", _row(10, day="11/22/2026")) == held("windows-dhcp", _row(10))


def test_an_hour_that_comes_twice_makes_a_holding_supposed_in_between() -> None:
    """In autumn: it began at the earlier or at the later reading, and is sure from there; a release alike."""
    sure, supposed = held("windows-dhcp", _row(10, "02:30:00", "10/25/26"), zone=BERLIN)
    over, until = held("windows-dhcp", _row(12, "02:30:00", "10/25/26"), zone=BERLIN)
    early, late = moment("00:30:00", "2026-10-25"), moment("01:30:00", "2026-10-25")

    assert [(each.start, each.end, each.supposed) for each in (sure, supposed)] == [
        (late, None, False),
        (early, late, True),
    ]
    assert [(each.start, each.end, each.supposed) for each in (over, until)] == [
        (early, early, False),
        (early, late, True),
    ]


def test_an_hour_that_never_comes_is_read_both_ways() -> None:
    """In spring: the server's clock was put forward late, or early."""
    told = held("windows-dhcp", _row(10, "02:30:00", "03/29/26"), zone=BERLIN)

    assert sorted(each.start for each in told) == [moment("00:30:00", "2026-03-29"), moment("01:30:00", "2026-03-29")]


def test_longer_names_of_devices_are_no_macs() -> None:
    """A remote access server leases addresses by names of its own."""
    (tenancy,) = held("windows-dhcp", _row(10, mac="5241532088B1C2D3E4F5000001000000"))

    assert (tenancy.mac, tenancy.host) == (None, "alice-laptop")


def test_the_ipv6_log_names_duids() -> None:
    """It has a file and columns of its own."""
    text = (
        "ID,Date,Time,Description,IPv6 Address,Host Name,Error Code, Duid Length, Duid Bytes(Hex),User Name,Dhcid,"
        "Subnet Prefix.\n"
        "11002,11/22/26,12:53:07,DHCPV6 Request,2001:db8::31,alice-laptop,,14,00010001329B4400525400123456,,,,\n"
        "11007,11/22/26,13:01:40,DHCPV6 Release,2001:db8::31,alice-laptop,,14,00010001329B4400525400123456,,,,\n"
    )
    duid = "00:01:00:01:32:9b:44:00:52:54:00:12:34:56"

    assert spans(held("windows-dhcp", text)) == [
        ("12:53:07", "", "2001:db8::31", duid, 2),
        ("13:01:40", "13:01:40", "2001:db8::31", duid, 3),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ASSIGN.replace("11/22/26", "22/11/26"), "there is no such date"),
        (ASSIGN.replace("11/22/26", "secret"), "there is no such date"),
        (ASSIGN.replace("13:53:07", "1:53 PM"), "the time is not HH:MM:SS"),
        (ASSIGN.replace("10.30.0.70", "secret"), "there is no IP address where one belongs"),
        (ASSIGN.replace("525400123456", "52540012345z"), "there is no MAC address where one belongs"),
        ("10,11/22/26,13:53:07\n", "the line is no row of the log"),
        ("secret\n", "the line is no row of the log"),
    ],
)
def test_a_broken_row_is_refused_and_the_next_one_read(row: str, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("windows-dhcp", PREAMBLE + row + ASSIGN)

    assert told[0] == Refused(8, reason)
    assert [type(each) for each in told] == [Refused, Tenancy]


def test_another_file_is_refused_as_a_whole() -> None:
    """Everything above the first row might be preamble: if there is no row at all, that is said once."""
    assert refused("windows-dhcp", "secret\nanother\n") == [Refused(1, "the file has no row of a DHCP audit log")]


def test_a_lease_to_nobody_who_is_named_ends_the_one_before() -> None:
    """Whoever it is, it is another holding."""
    text = _row(10, mac="5241532088B1C2D3E4F5000001000000").replace("alice-laptop", "")

    assert spans(held("windows-dhcp", text)) == [("13:53:07", "13:53:07", "10.30.0.70", None, 1)]


def test_devices_follow_each_other() -> None:
    """Whoever is assigned the address next: both are told, in the order of the file."""
    told = held("windows-dhcp", ASSIGN + _row(10, "14:04:12", mac="525400654321"))

    assert [each.mac for each in told] == [ALICE, GUEST]
