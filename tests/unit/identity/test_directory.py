"""Who held an address at a time."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from auditor.identity import columns, directory
from auditor.identity.directory import Directory
from auditor.model.identity import Asked, Enrolment, Offset, Tenancy, Trust
from tests.unit.identity.said import ALICE, BOB, EXACT, HOST, ask, held, line, seconds, summary

if TYPE_CHECKING:
    import pytest

    from auditor.model.identity import Statement

HOUR = 3600
TEMPORARY = ("2001:db8::9c1a", "2001:db8::77fe")


def test_an_address_that_changes_hands_is_split_there() -> None:
    """To the nanosecond; each part with the line that says so, and all of them cover the span."""
    found = ask([held(0, 100, 1, mac=ALICE), held(50, 200, 2, mac=BOB)], 10, 300)

    assert summary(found) == [(10, "attributed", [ALICE]), (50, "attributed", [BOB]), (200, "unattributed", [])]
    assert [part.holders[0].lines for part in found[:2]] == [(line("dhcp", 1),), (line("dhcp", 2),)]
    assert (found[0].last + 1, found[1].first) == (seconds(50), seconds(50))
    assert found[2].last == seconds(300)


def test_nobody_known_is_nobody() -> None:
    """One part, of the whole span."""
    assert summary(ask([held(0, 100, mac=ALICE)], 10, 20, ip="10.20.0.99")) == [(10, "unattributed", [])]
    assert summary(ask([], 10, 20)) == [(10, "unattributed", [])]


def test_renewals_are_one_interval() -> None:
    """With the first line and the last."""
    renewals = [held(50 * number, 50 * number + 100, number + 1, mac=ALICE, host="pc") for number in range(9)]
    (part,) = ask(renewals, 10, 420)

    assert (part.status, part.holders[0].lines) == ("attributed", (line("dhcp", 1), line("dhcp", 9)))


def test_changing_macs_with_one_host_name_are_different_devices() -> None:
    """A name is what a device says of itself: who it was, a log-in tells."""
    leases = [held(0, 100, 1, mac=ALICE, host="phone"), held(100, 200, 2, mac=BOB, host="phone")]
    logins = [
        held(5, 100, 3, "radius", ip=None, mac=ALICE, user="alice", trust=Trust.AUTHENTICATED),
        held(105, 200, 4, "radius", ip=None, mac=BOB, user="alice", trust=Trust.AUTHENTICATED),
    ]

    assert [part.holders[0].mac for part in ask(leases, 10, 150)] == [ALICE, BOB]
    assert [(part.holders[0].mac, part.holders[0].user) for part in ask([*leases, *logins], 10, 150)] == [
        (ALICE, "alice"),
        (BOB, None),
        (BOB, "alice"),
    ]


def test_a_temporary_address_leads_to_its_device() -> None:
    """NDP tells whose it is, the lease and the log-in of the device who that is (RFC 8981)."""
    statements = [
        held(0, 50, 1, "capture", ip=TEMPORARY[0], mac=ALICE, trust=Trust.NEIGHBOUR),
        held(50, 90, 2, "capture", ip=TEMPORARY[1], mac=ALICE, trust=Trust.NEIGHBOUR),
        held(0, 200, 3, mac=ALICE, host="pc"),
        held(20, 200, 4, "radius", ip=None, mac=ALICE, user="alice", trust=Trust.AUTHENTICATED),
    ]

    assert summary(ask(statements, 30, 60, ip=TEMPORARY[0])) == [
        (30, "attributed", ["alice"]),
        (50, "unattributed", []),
    ]
    (part,) = ask(statements, 60, 70, ip=TEMPORARY[1])
    assert (part.holders[0].host, part.holders[0].user) == ("pc", "alice")
    assert part.holders[0].lines == (line("capture", 2), line("radius", 4), line("dhcp", 3))


def test_a_duid_with_an_address_in_it_leads_to_the_device() -> None:
    """RFC 8415 §11.2."""
    duid = f"00:01:00:01:2f:11:22:33:{ALICE}"
    statements = [
        held(0, 100, 1, "dhcp6", ip=TEMPORARY[0], duid=duid),
        held(0, 100, 2, "radius", ip=None, mac=ALICE, user="alice", trust=Trust.AUTHENTICATED),
    ]

    (part,) = ask(statements, 10, 20, ip=TEMPORARY[0])
    assert (part.holders[0].mac, part.holders[0].user) == (ALICE, "alice")


def test_equal_addresses_in_several_vlans_are_several() -> None:
    """A statement with a VLAN answers for that alone; one without for any."""
    statements = [held(0, 100, 1, mac=ALICE, vlan=10), held(0, 100, 2, mac=BOB, vlan=20)]

    assert summary(ask(statements, 10, 20, vlan=(10,))) == [(10, "attributed", [ALICE])]
    assert summary(ask(statements, 10, 20, vlan=(100, 20))) == [(10, "attributed", [BOB])]
    assert summary(ask(statements, 10, 20)) == [(10, "unattributed", [])]
    assert summary(ask([held(0, 100, mac=ALICE)], 10, 20, vlan=(10,))) == [(10, "attributed", [ALICE])]


def test_equal_addresses_at_several_vantage_points_are_several() -> None:
    """What a source says of one network says nothing of another."""
    statements = [held(0, 100, 1, mac=ALICE, vantage="here"), held(0, 100, 2, mac=BOB, vantage="there")]

    assert summary(ask(statements, 10, 20)) == [(10, "attributed", [ALICE])]
    assert summary(ask(statements, 10, 20, vantage="there")) == [(10, "attributed", [BOB])]
    assert summary(ask(statements, 10, 20, vantage="else")) == [(10, "unattributed", [])]


def test_what_is_said_of_a_device_counts_where_its_frames_are() -> None:
    """In another VLAN it is not this device's; without a VLAN it is not known to be another's."""
    statements = [
        held(0, 100, 1, mac=ALICE),
        held(0, 100, 2, "radius", ip=None, mac=ALICE, user="alice", vlan=10, trust=Trust.AUTHENTICATED),
    ]

    assert summary(ask(statements, 10, 20, vlan=(10,))) == [(10, "attributed", ["alice"])]
    assert summary(ask(statements, 10, 20)) == [(10, "attributed", ["alice"])]
    assert summary(ask(statements, 10, 20, vlan=(20,))) == [(10, "attributed", [ALICE])]


def test_networks_say_something_of_each_address_inside() -> None:
    """Of IPv4 and IPv6."""
    statements = [
        held(0, 100, 1, "list", network=ip_network("10.20.0.0/16"), groups=("staff",), trust=Trust.LISTED),
        held(0, 100, 2, "list", network=ip_network("2001:db8::/64"), groups=("labs",), trust=Trust.LISTED),
    ]

    assert [part.holders[0].groups for part in ask(statements, 10, 20)] == [("staff",)]
    assert [part.holders[0].groups for part in ask(statements, 10, 20, ip="2001:db8::7")] == [("labs",)]
    assert summary(ask(statements, 10, 20, ip="10.21.0.1")) == [(10, "unattributed", [])]


def test_a_users_directory_groups_are_his() -> None:
    """From the log-in over the directory."""
    statements: list[Statement] = [
        held(0, 100, 1, "radius", mac=ALICE, user="Alice", trust=Trust.AUTHENTICATED),
        Enrolment("alice", "dev", line("ldap", 3)),
        Enrolment("dev", "staff", line("ldap", 9), nested=True),
    ]

    (part,) = ask(statements, 10, 20)
    assert part.holders[0].groups == ("dev", "staff")
    assert part.holders[0].lines == (line("radius"), line("ldap", 3), line("ldap", 9))


def test_a_measured_offset_is_corrected_and_its_margin_is_not_sure() -> None:
    """A source an hour off is right again; around each edge both may be meant."""
    statements = [held(HOUR, HOUR + 100, 1, mac=ALICE), held(HOUR + 100, HOUR + 200, 2, mac=BOB)]
    clock = Offset("measured", seconds(-HOUR), seconds(2), matches=4)
    found = ask(statements, 0, 300, clocks={"dhcp": clock})

    assert summary(found) == [
        (0, "ambiguous", [ALICE]),
        (2, "attributed", [ALICE]),
        (98, "ambiguous", [ALICE, BOB]),
        (102, "attributed", [BOB]),
        (198, "ambiguous", [BOB]),
        (202, "unattributed", []),
    ]
    assert {part.clock for part in found[:-1]} == {clock}


def test_a_declared_offset_is_believed_as_far_as_it_says() -> None:
    """Without a margin to the second."""
    clocks = {"dhcp": Offset("declared", seconds(60))}

    assert summary(ask([held(0, 100, mac=ALICE)], 50, 80, clocks=clocks)) == [
        (50, "unattributed", []),
        (60, "attributed", [ALICE]),
    ]


def test_an_unknown_clock_makes_nobody_sure_whom_an_hour_would_clear() -> None:
    """Within the tolerance both are candidates, or one alone; what every clock agrees on is attributed."""
    statements = [held(0, 5 * HOUR, 1, mac=ALICE), held(5 * HOUR, 10 * HOUR, 2, mac=BOB)]
    tolerance = {"dhcp": seconds(HOUR)}

    assert summary(ask(statements, -2 * HOUR, 12 * HOUR, clocks={}, tolerances=tolerance)) == [
        (-2 * HOUR, "unattributed", []),
        (-HOUR, "ambiguous", [ALICE]),
        (HOUR, "attributed", [ALICE]),
        (4 * HOUR, "ambiguous", [ALICE, BOB]),
        (6 * HOUR, "attributed", [BOB]),
        (9 * HOUR, "ambiguous", [BOB]),
        (11 * HOUR, "unattributed", []),
    ]
    assert ask(statements, 2 * HOUR, 3 * HOUR, clocks={})[0].clock == Offset("unknown")


def test_what_the_capture_showed_has_its_clock() -> None:
    """Its statements need no offset."""
    statements = [held(0, 100, 1, "capture", mac=ALICE, trust=Trust.SEEN)]

    assert summary(ask(statements, 0, 99, clocks={})) == [(0, "attributed", [ALICE])]


def test_a_supposition_is_a_candidate() -> None:
    """Alone it makes nobody sure."""
    statements = [held(0, 50, 1, mac=ALICE), held(50, 90, 1, mac=ALICE, supposed=True)]

    assert summary(ask(statements, 0, 95)) == [
        (0, "attributed", [ALICE]),
        (50, "ambiguous", [ALICE]),
        (90, "unattributed", []),
    ]


def test_a_source_may_be_believed_more_than_its_kind() -> None:
    """As the file says that names it."""
    statements = [held(0, 100, 1, mac=ALICE), held(0, 100, 2, "list", mac=BOB, trust=Trust.LISTED)]

    assert summary(ask(statements, 10, 20))[0][2] == [ALICE, BOB]
    assert summary(ask(statements, 10, 20, trusts={"list": Trust.AUTHENTICATED}))[0][2] == [BOB, ALICE]


def test_what_overlaps_without_end_is_not_weighed_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is named where more is said than is looked through, and long spans have so many parts."""
    rows = [held(0, None, n, "list", mac=ALICE, user=f"u{n}", trust=Trust.LISTED) for n in range(1, 9)]
    monkeypatch.setattr(columns, "MAX_WALK", 3)
    assert summary(ask(rows, 10, 20)) == [(10, "ambiguous", [])]

    monkeypatch.undo()
    monkeypatch.setattr(directory, "MAX_TENURES", 3)
    leases = [held(n, n + 1, n, mac=ALICE if n % 2 else BOB) for n in range(9)]
    assert summary(ask(leases, 0, 8)) == [(0, "attributed", [BOB]), (1, "attributed", [ALICE]), (2, "ambiguous", [])]


def test_answers_that_are_kept_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked before is forgotten then, and asked again."""
    monkeypatch.setattr(directory, "_ANSWERS_KEPT", 2)
    known = Directory([held(n, n + 1, n, mac=ALICE if n % 2 else BOB) for n in range(9)], {"dhcp": EXACT})
    asked = Asked("here", held(0, 1).ip, (), None, seconds(0), seconds(8))  # type: ignore[arg-type]

    assert known.ask(asked) == known.ask(asked)
    assert len(known._answers) <= 2


def test_it_says_what_it_takes_a_clock_for() -> None:
    """Whoever judges translations needs it."""
    known = Directory([], {"nat": Offset("measured", 5, 7)}, {"other": 9})

    assert (known.clock("nat"), known.margin("nat")) == (Offset("measured", 5, 7), 7)
    assert (known.clock("other"), known.margin("other")) == (Offset("unknown"), 9)


def test_statements_of_no_time_before_the_epoch_are_survived() -> None:
    """Whatever numbers a line has."""
    odd = Tenancy(-(1 << 90), 1 << 90, Trust.LEASED, line("dhcp"), held(0, 1).ip, ALICE)

    assert summary(ask([odd], 0, 1)) == [(0, "attributed", [ALICE])]
    assert str(odd.ip) == HOST
