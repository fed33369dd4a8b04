"""From statements that hold at one moment to a holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.identity import join
from auditor.identity.facts import Facts
from auditor.identity.join import Answer, Claim, answer
from auditor.model.identity import Offset, SourceLine, Trust
from tests.unit.identity.said import ALICE, BOB, line

if TYPE_CHECKING:
    import pytest

    from auditor.identity.join import Enrolled

MEASURED, UNKNOWN = Offset("measured", 5, 1), Offset("unknown")


def claim(source: str, trust: Trust, *, about: str = "address", sure: bool = True, **told: Any) -> Claim:  # noqa: ANN401
    """Make a statement that holds."""
    clock, via, prefix = told.pop("clock", MEASURED), told.pop("via", ""), told.pop("prefix", 0)
    return Claim(about, trust, sure, Facts(**told), (line(source),), clock, prefix, via)  # type: ignore[arg-type]


def nothing(_user: str | None, _host: str | None) -> Enrolled:
    """Enrol nobody."""
    return {}


def who(*claims: Claim, mac: str | None = None) -> Answer:
    """Weigh statements."""
    return answer(claims, mac, nothing)


LEASE = claim("dhcp", Trust.LEASED, mac=ALICE, host="pc")
ARP = claim("arp", Trust.NEIGHBOUR, mac=BOB)


def test_the_most_trusted_statement_wins_and_the_other_is_kept() -> None:
    """With the reason for both."""
    found = who(ARP, LEASE)

    assert found.status == "attributed"
    assert [(each.mac, each.standing) for each in found.holders] == [
        (ALICE, "most trusted: dhcp lease"),
        (BOB, "less trusted: neighbour table"),
    ]
    assert found.holders[0].lines == (line("dhcp"),)


def test_equal_trust_and_different_values_are_a_tie() -> None:
    """Any will not do."""
    found = who(LEASE, claim("dhcp2", Trust.LEASED, mac=BOB))

    assert (found.status, [(each.mac, each.standing) for each in found.holders]) == (
        "ambiguous",
        [(ALICE, "tied: dhcp lease"), (BOB, "tied: dhcp lease")],
    )


def test_equal_values_are_one_holder_with_all_lines() -> None:
    """Whether a server writes the domain or not."""
    found = who(LEASE, claim("dhcp2", Trust.LEASED, mac=ALICE, host="PC.corp.example"))

    assert found.status == "attributed"
    assert [(each.mac, each.host, each.lines) for each in found.holders] == [
        (ALICE, "PC.corp.example", (line("dhcp"), line("dhcp2")))
    ]


def test_who_is_at_a_device_is_joined_by_its_mac() -> None:
    """The lease tells the device, the log-in the person."""
    found = who(LEASE, claim("radius", Trust.AUTHENTICATED, about="device", via=ALICE, mac=ALICE, user="alice"))

    (holder,) = found.holders
    assert (found.status, holder.mac, holder.host, holder.user) == ("attributed", ALICE, "pc", "alice")
    assert holder.lines == (line("dhcp"), line("radius"))
    assert holder.trust is Trust.LEASED


def test_what_is_said_of_another_device_has_no_say() -> None:
    """A list that still gives the address to another device does not give its person to this one."""
    found = who(LEASE, claim("list", Trust.LISTED, mac=BOB, user="bob", groups=("guests",)))

    assert found.status == "attributed"
    assert [(each.user, each.groups) for each in found.holders] == [(None, ()), ("bob", ("guests",))]


def test_a_list_by_address_says_who_where_nobody_else_does() -> None:
    """And is outdone by a log-in, with its groups."""
    listed = claim("list", Trust.LISTED, user="bob", groups=("guests",))
    login = claim("radius", Trust.AUTHENTICATED, mac=ALICE, user="alice")

    assert [(each.mac, each.user, each.groups) for each in who(LEASE, listed).holders] == [(ALICE, "bob", ("guests",))]
    assert [(each.user, each.groups) for each in who(LEASE, listed, login).holders] == [
        ("alice", ()),
        ("bob", ("guests",)),
    ]


def test_what_a_source_says_here_goes_before_what_it_says_elsewhere() -> None:
    """A session of this address says who is here now, another of the same device who was; two lists just differ."""
    here = claim("radius", Trust.AUTHENTICATED, mac=ALICE, user="alice")
    there = claim("radius", Trust.AUTHENTICATED, about="device", via=ALICE, mac=ALICE, user="bob")
    by_address = claim("list", Trust.LISTED, user="alice")
    by_device = claim("list", Trust.LISTED, about="device", via=ALICE, mac=ALICE, user="bob")

    assert [each.user for each in who(here, there).holders] == ["alice", "bob"]
    assert who(here, there).status == "attributed"
    assert who(here, there._replace(lines=(line("radius2"),))).status == "ambiguous"
    assert who(LEASE, by_address, by_device).status == "ambiguous"
    assert who(claim("list", Trust.LISTED, mac=ALICE, user="alice"), claim("l2", Trust.LISTED, user="bob")).status == (
        "ambiguous"
    )


def test_the_frames_mac_decides_between_candidates() -> None:
    """Where sources tie, and where one is only not sure in time."""
    other = claim("dhcp2", Trust.LEASED, mac=BOB)
    unsure = claim("dhcp", Trust.LEASED, sure=False, mac=BOB)

    assert [(each.mac, each.standing[:4]) for each in who(LEASE, other, mac=BOB).holders] == [
        (BOB, "most"),
        (ALICE, "less"),
    ]
    assert who(LEASE, other, mac=BOB).status == "attributed"
    assert who(unsure).status == "ambiguous"
    assert who(unsure, mac=BOB).status == "attributed"
    assert who(unsure._replace(facts=Facts(mac=BOB, user="bob")), mac=BOB).status == "ambiguous"


def test_the_frames_mac_never_overrides_all() -> None:
    """Behind a router it is the router's. That of a less trusted candidate leaves two: a spoofer, or proxy ARP."""
    assert who(LEASE, mac="02:00:00:00:00:ff") == who(LEASE)
    assert who(claim("x", Trust.LISTED, about="network", prefix=8, groups=("g",)), mac=BOB).holders[0].mac is None

    both = who(LEASE, ARP, mac=BOB)
    assert (both.status, sorted(each.mac or "" for each in both.holders)) == ("ambiguous", [ALICE, BOB])


def test_what_is_not_sure_never_wins() -> None:
    """It stands beside what is sure, or alone; below what is sure it does not matter."""
    unsure = claim("radius", Trust.AUTHENTICATED, sure=False, mac=BOB)

    assert (who(unsure).status, who(unsure).holders[0].standing) == ("ambiguous", "uncertain in time: log-in")
    assert (who(LEASE, unsure).status, len(who(LEASE, unsure).holders)) == ("ambiguous", 2)
    assert who(LEASE, ARP._replace(sure=False)).status == "attributed"
    assert who(LEASE, claim("u", Trust.LISTED, sure=False, user="alice")).status == "ambiguous"
    assert who(LEASE, claim("u", Trust.LISTED, sure=False, groups=("staff",))).status == "ambiguous"


def test_a_duid_stands_for_the_device_where_no_mac_is_known() -> None:
    """It supports whichever MAC a neighbour tells; the address in it is one only where nobody tells another."""
    duid = "00:03:00:01:02:00:00:00:00:0a"
    lease = claim("dhcp6", Trust.LEASED, duid=duid, host="pc")
    login = claim("radius", Trust.AUTHENTICATED, about="device", via=ALICE, mac=ALICE, user="alice")

    assert [(each.mac, each.duid, each.user) for each in who(lease, login).holders] == [(ALICE, duid, "alice")]
    found = who(lease, ARP, login)
    assert next((each.mac, each.duid, each.host, each.user) for each in found.holders) == (BOB, duid, "pc", None)
    assert found.status == "attributed"


def test_of_one_source_the_narrowest_network_is_meant() -> None:
    """Of several sources each has its own; an address goes before them all."""
    wide = claim("list", Trust.LISTED, about="network", prefix=8, groups=("all",))
    narrow = claim("list", Trust.LISTED, about="network", prefix=24, groups=("labs",))
    other = claim("zeek", Trust.LISTED, about="network", prefix=8, attributes=(("network", "office"),))
    row = claim("list", Trust.LISTED, user="alice")

    assert [(h.groups, h.attributes) for h in who(wide, narrow, other).holders] == [
        (("labs",), (("network", "office"),))
    ]
    assert who(wide, narrow, other).status == "attributed"
    assert [(h.user, h.groups) for h in who(wide, narrow, row).holders] == [("alice", ())]
    assert who(wide, narrow._replace(sure=False)).status == "ambiguous"


def test_directory_groups_come_with_their_lines() -> None:
    """For the user that won."""
    enrolment = SourceLine("ldap", "groups.ldif", 7)
    found = answer([LEASE], None, lambda user, host: {"labs": enrolment} if (user, host) == (None, "pc") else {})

    assert (found.holders[0].groups, found.holders[0].lines) == (("labs",), (line("dhcp"), enrolment))


def test_the_clock_is_the_least_certain_of_what_the_answer_rests_on() -> None:
    """Lists do not count where an event does: nobody sets a watch by them."""
    login = claim("radius", Trust.AUTHENTICATED, about="device", via=ALICE, clock=UNKNOWN, mac=ALICE, user="alice")
    listed = claim("list", Trust.LISTED, clock=UNKNOWN, user="alice")

    assert who(LEASE).clock == MEASURED
    assert who(LEASE, login).clock == UNKNOWN
    assert who(LEASE, listed).clock == MEASURED
    assert who(listed).clock == UNKNOWN


def test_no_statement_of_the_address_is_nobody() -> None:
    """Whatever is said of devices."""
    assert who().status == "unattributed"
    assert who(claim("radius", Trust.AUTHENTICATED, about="device", via=ALICE, user="alice")).status == "unattributed"


def test_more_than_can_be_weighed_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are more shown than people can read."""
    monkeypatch.setattr(join, "MAX_CLAIMS", 20)
    many = [claim(f"s{number}", Trust.LEASED, mac=f"02:00:00:00:01:{number:02x}") for number in range(21)]

    assert who(*many) == Answer("ambiguous")
    assert (who(*many[:20]).status, len(who(*many[:20]).holders)) == ("ambiguous", join.MAX_HOLDERS)


def test_no_standing_names_anybody() -> None:
    """It is shown where people are not."""
    found = who(LEASE, ARP, claim("list", Trust.LISTED, user="alice", host="other"), mac=BOB)

    for holder in found.holders:
        assert not any(name in holder.standing for name in (ALICE, BOB, "alice", "pc", "other"))
