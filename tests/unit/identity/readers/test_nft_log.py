"""auditor.identity.readers.nft_log."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers import nft_log
from auditor.identity.readers.nft_log import IDLE
from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.model.identity import SourceLine, Translation
from auditor.model.moment import HOUR, NANOSECONDS

READING = Reading("gw", "kern.log", vantage="wan", year=2026, prefixes=("nat-before:", "nat-after:"))
T = 1_795_351_938 * NANOSECONDS
"""2026-11-22 12:52:18 UTC."""
TAIL = "TOS=0x00 PREC=0x00 TTL=63 ID={id} DF PROTO=TCP SPT={sport} DPT=6881 WINDOW=64240 RES=0x00 SYN URGP=0"
BEFORE = (
    "Nov 22 12:52:18 gw kernel: [ 4711.512345] nat-before: IN=lan OUT=wan MAC=52:54:00:12:34:56:52:54:00:00:00:01 "
    "SRC=10.30.0.71 DST=198.51.100.1 LEN=60 " + TAIL.format(id=54321, sport=51413) + " MARK=0x1 "
)
AFTER = (
    "Nov 22 12:52:18 gw kernel: [ 4711.512349] nat-after: IN= OUT=wan SRC=203.0.113.7 DST=198.51.100.1 LEN=60 "
    + TAIL.format(id=54321, sport=40001)
)
REFUSED_ALONE = (
    "rows map no port: each has a packet before or after it is translated, not both; declare the two prefixes, or take "
    "conntrack's events"
)


def told(*lines: str, reading: Reading = READING) -> list[Told]:
    """Read lines to the end."""
    return list(read("nft-log", [line.encode() for line in lines], reading))


def test_two_rows_of_a_packet_are_a_translation() -> None:
    """Sure in its second, supposed for as long as such a flow may be idle."""
    sure, supposed = told(BEFORE, AFTER)

    assert sure == Translation(
        T,
        T + NANOSECONDS,
        SourceLine("gw", "kern.log", 2),
        "tcp",
        (ip_address("10.30.0.71"), 51413),
        (ip_address("203.0.113.7"), 40001),
        (ip_address("198.51.100.1"), 6881),
        "wan",
    )
    assert supposed == sure._replace(start=T + NANOSECONDS, end=T + NANOSECONDS + IDLE["tcp"], supposed=True)


def test_a_port_forwarding_is_told_from_the_inside_host() -> None:
    """There the destination is what is translated; IPv6 has no identification, and no NAT that changes a port."""
    row = (
        "2026-11-22T13:52:18.5+01:00 gw kernel: nat-{}: IN=wan OUT= SRC=2001:db8:99::1 DST={} LEN=88 TC=0 HOPLIMIT=63 "
        "FLOWLBL=0 PROTO=UDP SPT=6881 DPT=51413 LEN=48"
    )

    sure, _ = told(row.format("before", "2001:db8::7"), row.format("after", "fd00::71"))

    assert isinstance(sure, Translation)
    assert (sure.start, sure.transport) == (T + NANOSECONDS // 2, "udp")
    assert (sure.inside, sure.public, sure.remote) == (
        (ip_address("fd00::71"), 51413),
        (ip_address("2001:db8::7"), 51413),
        (ip_address("2001:db8:99::1"), 6881),
    )


def test_rows_without_declared_prefixes_map_nothing_and_say_so() -> None:
    """One refusal for the file: the lines themselves are in order."""
    assert told(BEFORE, AFTER, reading=READING._replace(prefixes=None)) == [Refused(2, f"2 {REFUSED_ALONE}")]


def test_a_packet_that_may_be_another_maps_nothing() -> None:
    """Two hosts, one identification, one second."""
    other = BEFORE.replace("10.30.0.71", "10.30.0.72")

    assert told(BEFORE, other, AFTER) == [Refused(3, "1 translated rows may be of several packets and map nothing")]


def test_a_packet_logged_twice_is_one() -> None:
    """Two rules with the same prefix."""
    assert len(told(BEFORE, BEFORE, AFTER)) == 2


@pytest.mark.parametrize(
    "after",
    [
        AFTER.replace("ID=54321", "ID=54322"),
        AFTER.replace("LEN=60", "LEN=64"),
        AFTER.replace("DPT=6881", "DPT=6882"),
        AFTER.replace("198.51.100.1", "198.51.100.2"),
        AFTER.replace("12:52:18", "12:52:23"),
    ],
)
def test_rows_of_different_packets_are_no_pair(after: str) -> None:
    """Something that no translation changes differs, or the time."""
    assert told(BEFORE, after) == [Refused(2, "1 translated rows have no row of their packet before it was")]


def test_without_an_identification_the_port_has_to_be_kept() -> None:
    """Linux numbers no datagram that may not be fragmented."""
    before, after = BEFORE.replace("ID=54321", "ID=0"), AFTER.replace("ID=54321", "ID=0")

    assert isinstance(told(before, after)[0], Refused)
    assert isinstance(told(before, after.replace("SPT=40001", "SPT=51413"))[0], Translation)


def test_what_is_not_translated_and_what_others_log_says_nothing() -> None:
    """Other rules, other programs, other protocols."""
    assert not told(
        BEFORE,
        BEFORE.replace("nat-before", "nat-after"),
        BEFORE.replace("nat-before", "drop"),
        "Nov 22 12:52:20 gw sshd[1]: Accepted publickey for root",
        "Nov 22 12:52:20 gw kernel: nat-before: IN=lan OUT=wan SRC=10.30.0.71 DST=198.51.100.1 PROTO=ICMP TYPE=8",
        "",
    )


def test_local_times_are_of_the_declared_zone_and_an_hour_that_comes_twice_is_both() -> None:
    """The row is of either, so that nothing is sure."""
    reading = READING._replace(zone=ZoneInfo("Europe/Berlin"))

    plain, _ = told(BEFORE, AFTER, reading=reading)
    (twice,) = told(*(row.replace("Nov 22 12:52", "Oct 25 02:30") for row in (BEFORE, AFTER)), reading=reading)

    assert isinstance(plain, Translation)
    assert isinstance(twice, Translation)
    assert plain.start == T - HOUR
    assert twice.supposed
    assert twice.end == twice.start + HOUR + NANOSECONDS + IDLE["tcp"]


def test_lines_from_before_the_turn_of_the_year_are_of_the_year_before() -> None:
    """The declared year is the last line's; the file was written in January."""
    taken = int(datetime(2027, 1, 2, tzinfo=UTC).timestamp()) * NANOSECONDS

    sure, _ = told(BEFORE, AFTER, reading=READING._replace(year=2027, taken=taken))

    assert isinstance(sure, Translation)
    assert sure.start == T


@pytest.mark.parametrize(
    ("line", "reading", "reason"),
    [
        (BEFORE, READING._replace(year=None), "the time has no year: declare the year of the file's last line"),
        (BEFORE.replace("Nov", "Nor"), READING, "there is no such month"),
        (BEFORE.replace("Nov 22", "Feb 30"), READING, "there is no such date"),
        (BEFORE.replace("12:52:18", "12:52:99"), READING, "the time is not HH:MM:SS"),
        (BEFORE.replace("10.30.0.71", "10.30.0.371"), READING, "there is no IP address where one belongs"),
        (BEFORE.replace("51413", "71413"), READING, "a port is beyond 65535"),
        (BEFORE.partition("kernel: ")[2], READING, "the row has no time of day that is known here"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_line(line: str, reading: Reading, reason: str) -> None:
    """And the next ones are read."""
    iso = [row.replace("Nov 22 12:52:18", "2026-11-22T12:52:18Z") for row in (BEFORE, AFTER)]

    refused, sure, _ = told(line, *iso, reading=reading)

    assert refused == Refused(1, reason)
    assert isinstance(sure, Translation)


def test_rows_that_wait_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is let go."""
    monkeypatch.setattr(nft_log, "MAX_WAITING", 1)

    found = told(BEFORE, BEFORE.replace("54321", "54322"), AFTER, AFTER.replace("54321", "54322"))

    assert [type(one) for one in found] == [Translation, Translation, Refused]
