"""auditor.identity.readers.neighbours."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from auditor.identity.readers.neighbours import MAX_SNAPSHOT
from auditor.identity.readers.registry import READERS, Refused
from auditor.model.identity import Tenancy, Trust
from tests.build.identity import ALICE, GUEST, held, moment, refused, spans, tell

TAKEN = moment("12:54:00")
NEIGHBOUR = '{"dst":"10.30.0.71","dev":"eth0","lladdr":"52:54:00:12:34:56","state":["REACHABLE"]}'
TIMES = ("1795352100", "1795352400", "1795352700")  # 12:55, 13:00, 13:05


def _certain(tenancies: list[Tenancy]) -> list[tuple[str, str, bool]]:
    return [(*row[:2], each.supposed) for row, each in zip(spans(tenancies), tenancies, strict=True)]


def test_a_snapshot_without_a_time_was_taken_when_the_file_was_written() -> None:
    """What held then is supposed to hold on: nothing says until when."""
    (tenancy,) = held("neighbours", f"[{NEIGHBOUR}]\n", taken=TAKEN)

    assert spans([tenancy]) == [("12:54:00", "", "10.30.0.71", ALICE, 1)]
    assert (tenancy.trust, tenancy.supposed) == (Trust.NEIGHBOUR, True)


def test_between_snapshots_that_show_it_a_neighbour_was_there() -> None:
    """Sure from the first to the last that shows it, supposed to the first that does not."""
    text = f"{TIMES[0]}\n[{NEIGHBOUR}]\n{TIMES[1]}\n[{NEIGHBOUR}]\n{TIMES[2]}\n[]\n"

    assert _certain(held("neighbours", text)) == [("12:55:00", "13:00:00", False), ("13:00:00", "13:05:00", True)]


def test_another_mac_ends_the_one_before() -> None:
    """The address passed to another device at some time between the two."""
    text = f"{TIMES[0]} [{NEIGHBOUR}]\n{TIMES[1]} [{NEIGHBOUR.replace(ALICE, GUEST)}]\n"
    told = held("neighbours", text)

    assert _certain(told) == [("12:55:00", "13:00:00", True), ("13:00:00", "", True)]
    assert [each.mac for each in told] == [ALICE, GUEST]


@pytest.mark.parametrize("state", ["REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"])
def test_states_in_which_the_kernel_heard_of_it_count(state: str) -> None:
    """Stale is old, not wrong."""
    assert len(held("neighbours", f"[{NEIGHBOUR.replace('REACHABLE', state)}]\n", taken=TAKEN)) == 1


@pytest.mark.parametrize("state", ["FAILED", "INCOMPLETE", "NOARP", "NONE"])
def test_states_in_which_nobody_answered_do_not(state: str) -> None:
    """Whatever address stands beside them."""
    assert held("neighbours", f"[{NEIGHBOUR.replace('REACHABLE', state)}]\n", taken=TAKEN) == []


def test_times_are_seconds_or_dates_with_a_zone_or_without() -> None:
    """``date +%s``, ``date -Is`` and ``ts``; a date without a zone is in the source's."""
    for time in ("1795352100", "1795352100.000", "2026-11-22T13:55:00+01:00", "2026-11-22T12:55:00Z"):
        assert held("neighbours", f"{time}\n[{NEIGHBOUR}]\n")[0].start == moment("12:55:00")
    berlin = held("neighbours", f"2026-11-22 13:55:00\n[{NEIGHBOUR}]\n", zone=ZoneInfo("Europe/Berlin"))
    assert berlin[0].start == moment("12:55:00")


def test_a_time_in_the_hour_that_comes_twice_is_supposed_in_between() -> None:
    """It is sure from the later reading on, if a later snapshot shows it still."""
    text = f"2026-10-25 02:30:00\n[{NEIGHBOUR}]\n2026-10-25 04:00:00\n[{NEIGHBOUR}]\n"
    told = held("neighbours", text, zone=ZoneInfo("Europe/Berlin"))

    assert [(row[0][-8:], row[1][-8:], each.supposed) for row, each in zip(spans(told), told, strict=True)] == [
        ("01:30:00", "03:00:00", False),
        ("00:30:00", "01:30:00", True),
        ("03:00:00", "", True),
    ]


def test_an_indented_snapshot_is_one() -> None:
    """``ip -j -p neigh`` spreads entries over lines."""
    text = """[ {
        "dst": "10.30.0.71",
        "dev": "eth0",
        "lladdr": "52:54:00:12:34:56",
        "state": [ "STALE" ]
    },{
        "dst": "10.30.0.72",
        "dev": "eth0",
        "state": [ "FAILED" ]
    },{
        "dst": "fe80::1",
        "dev": "eth0",
        "lladdr": "52:54:00:65:43:21",
        "router": null,
        "state": [ "REACHABLE" ]
    } ]
"""
    told = held("neighbours", text, taken=TAKEN)

    assert [(str(each.ip), each.mac, each.line.line) for each in told] == [
        ("10.30.0.71", ALICE, 6),
        ("fe80::1", GUEST, 16),
    ]


def test_one_address_on_two_interfaces_is_two_neighbours() -> None:
    """Link-local addresses are of a link; both are told."""
    text = f"[{NEIGHBOUR},{NEIGHBOUR.replace('eth0', 'eth1').replace(ALICE, GUEST)}]\n"

    assert {each.mac for each in held("neighbours", text, taken=TAKEN)} == {ALICE, GUEST}


def test_a_large_snapshot_is_one_line() -> None:
    """``ip`` prints it without a line's end: ten thousand neighbours are read."""
    entries = ",".join(NEIGHBOUR.replace("10.30.0.71", f"10.{a}.{b}.1") for a in range(40) for b in range(250))

    assert len(held("neighbours", f"[{entries}]\n", taken=TAKEN)) == 10_000
    assert READERS["neighbours"].longest == MAX_SNAPSHOT


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("secret", "the line is neither a snapshot nor a time"),
        ("secret [", "the line is neither a snapshot nor a time"),
        ("1960-01-01T00:00:00Z", "the line is neither a snapshot nor a time"),
        ("[secret]", "the line is no JSON array"),
        ("[" * 100_000 + "]", "the line is no JSON array"),
        ("[1]", "the snapshot has an entry that is no neighbour"),
        (f"[{NEIGHBOUR.replace(ALICE, 'secret')}]", "there is no MAC address where one belongs"),
        (f"[{NEIGHBOUR.replace('10.30.0.71', '10.30.0')}]", "there is no IP address where one belongs"),
        ("[" + NEIGHBOUR.replace("10.30.0.71", "\\ud800") + "]", "there is no IP address where one belongs"),
    ],
)
def test_a_broken_line_is_refused_and_the_next_one_read(line: str, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("neighbours", f"{line}\n{TIMES[0]}\n[{NEIGHBOUR}]\n", taken=TAKEN)

    assert told[0] == Refused(1, reason)
    assert len(told) == 2


@pytest.mark.parametrize("broken", ["", '"dst": "10.30.0.71"\n', "} secret\n", '"secret\n},{\n', "}secret]\n"])
def test_a_snapshot_that_breaks_off_ends_nobody(broken: str) -> None:
    """Whoever was not reached in it may have been there."""
    text = f"{TIMES[0]}\n[{NEIGHBOUR}]\n{TIMES[1]}\n[ {{\nBROKEN{TIMES[2]}\n[{NEIGHBOUR}]\n"
    told = tell("neighbours", text.replace("BROKEN", broken))

    assert [type(each) for each in told] == [Refused, Tenancy, Tenancy]
    assert spans([each for each in told if isinstance(each, Tenancy)])[0][:2] == ("12:55:00", "13:05:00")


def test_without_any_time_nothing_is_said() -> None:
    """A snapshot is of a moment."""
    assert refused("neighbours", f"[{NEIGHBOUR}]\n") == [
        Refused(1, "the snapshot has no time, and when the file was written is not known")
    ]
