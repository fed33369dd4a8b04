"""For any statements, in any order, the directory says what a slow reading of all of them says at each moment."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import pairwise, product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.identity.directory import Directory
from auditor.identity.facts import mac_of_duid
from auditor.model.identity import Asked, Enrolment, Offset, SourceLine, Tenancy, Tenure, Trust
from tests.properties.holders import Who, holders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from auditor.model.flow import Address
    from auditor.model.identity import Statement

END = 16
IPS: tuple[Address, ...] = (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), IPv6Address("2001:db8::1"))
NETWORKS = (IPv4Network("10.0.0.0/30"), IPv4Network("10.0.0.0/31"))
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
DUIDS = ("00:03:00:01:02:00:00:00:00:01", "00:04:01:02")
SOURCES = {
    "list": Trust.LISTED,
    "neighbours": Trust.NEIGHBOUR,
    "dhcp": Trust.LEASED,
    "dhcp2": Trust.LEASED,
    "radius": Trust.AUTHENTICATED,
}
TRUSTS = {"dhcp2": Trust.SEEN}


@st.composite
def tenancies(draw: st.DrawFn, *, supposed: bool = False) -> Tenancy:
    """Draw a statement; its line comes later."""
    source = draw(st.sampled_from(list(SOURCES)))
    start = draw(st.integers(0, END - 4))
    length = draw(st.none() | st.integers(0, 8))
    about = draw(st.sampled_from(["ip", "ip", "ip", "mac", "network"]))
    mac = draw(st.sampled_from(MACS) if about == "mac" else st.none() | st.sampled_from(MACS))
    return Tenancy(
        start,
        None if length is None else start + length,
        SOURCES[source],
        SourceLine(source, "a", 1),
        ip=draw(st.sampled_from(IPS)) if about == "ip" else None,
        mac=None if about == "network" else mac,
        duid=draw(st.sampled_from([None, None, *DUIDS])) if about == "ip" else None,
        vlan=draw(st.sampled_from([None, None, 10, 20])),
        vantage=draw(st.sampled_from([None, None, "here", "there"])),
        host=draw(st.sampled_from([None, None, "pc", "PC.corp", "tablet"])),
        user=draw(st.sampled_from([None, None, "alice", "Bob"])),
        groups=draw(st.sampled_from([(), (), ("staff",), ("guests",)])),
        attributes=draw(st.sampled_from([(), (), (("nas", "1"),), (("nas", "2"),)])),
        network=draw(st.sampled_from(NETWORKS)) if about == "network" else None,
        supposed=supposed and draw(st.booleans()),
    )


ENROLMENTS = st.builds(
    Enrolment,
    st.sampled_from(["alice", "bob", "pc", "staff", "all"]),
    st.sampled_from(["staff", "all", "guests"]),
    st.just(SourceLine("ldap", "groups.ldif", 1)),
    st.booleans(),
)


def said(*, supposed: bool = False, most: int = 10) -> st.SearchStrategy[list[Statement]]:
    """Draw statements with their lines: any line of any of two files."""
    drawn = st.lists(tenancies(supposed=supposed) | ENROLMENTS, max_size=most)
    return drawn.map(
        lambda each: [s._replace(line=s.line._replace(file="ab"[n % 2], line=n + 1)) for n, s in enumerate(each)]
    )


ASKED = st.builds(
    Asked,
    st.sampled_from(["here", "there"]),
    st.sampled_from(IPS),
    st.sampled_from([(), (10,), (20,), (10, 20)]),
    st.none() | st.sampled_from(MACS),
    st.integers(0, 3),
    st.integers(4, END + 4),
)


def exact(sources: dict[str, Trust], margin: int = 0) -> dict[str, Offset]:
    """Return clocks that are known but for a margin."""
    return {source: Offset("measured", 0, margin) for source in sources}


def at(tenures: Sequence[Tenure], moment: int) -> Tenure:
    """Return the part that a moment is in."""
    (found,) = (tenure for tenure in tenures if tenure.first <= moment <= tenure.last)
    return found


def winners(tenure: Tenure) -> set[Who]:
    """Return the candidates that no other outdoes."""
    return {
        Who(
            holder.mac,
            holder.user and holder.user.lower(),
            holder.host and holder.host.lower(),
            frozenset(holder.groups),
            frozenset(holder.attributes),
        )
        for holder in tenure.holders
        if not holder.standing.startswith(("less trusted", "said of the device elsewhere"))
    }


@given(said(), ASKED)
@settings(max_examples=300, deadline=None)
def test_it_says_what_a_reading_of_all_statements_says(statements: list[Statement], asked: Asked) -> None:
    """With clocks that are right there is one truth at each moment: the one, all that tie, or nobody."""
    tenures = Directory(statements, exact(SOURCES), trusts=TRUSTS).ask(asked)

    assert tenures[0].first == asked.first
    assert tenures[-1].last == asked.last
    assert all(one.last + 1 == other.first for one, other in pairwise(tenures))
    for moment in range(asked.first, asked.last + 1):
        tenure = at(tenures, moment)
        expected = holders(statements, asked, moment, {}, TRUSTS)
        assert winners(tenure) == expected
        assert tenure.status == (
            "unattributed" if not expected else "attributed" if len(expected) == 1 else "ambiguous"
        )


@given(said(supposed=True), ASKED, st.randoms(use_true_random=False), st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_the_order_of_reading_does_not_matter(
    statements: list[Statement], asked: Asked, random: Random, margin: int
) -> None:
    """Shuffled statements, and all of them told twice, come to the same answer, lines included."""
    once = Directory(statements, exact(SOURCES, margin)).ask(asked)
    shuffled = [*statements, *statements]
    random.shuffle(shuffled)

    assert Directory(shuffled, exact(SOURCES, margin)).ask(asked) == once


@given(said(supposed=True, most=6), ASKED, st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_nobody_is_sure_whom_any_clock_would_clear(statements: list[Statement], asked: Asked, margin: int) -> None:
    """Who is attributed is so by every clock, whichever suppositions are true; others are candidates."""
    asked = asked._replace(mac=None)  # it decides what the sources leave open
    tenures = Directory(statements, exact(SOURCES, margin)).ask(asked)
    sources = sorted({s.line.source for s in statements if isinstance(s, Tenancy)})[:3]
    supposed = [s for s in statements if isinstance(s, Tenancy) and s.supposed][:3]
    for moment in range(asked.first, asked.last + 1):
        tenure = at(tenures, moment)
        for shifts in product((-margin, 0, margin), repeat=len(sources)):
            for chosen in product((False, True), repeat=len(supposed)):
                false = [s for s, is_true in zip(supposed, chosen, strict=True) if not is_true]
                world = [s for s in statements if s not in false]
                found = holders(world, asked, moment, dict(zip(sources, shifts, strict=True)), {})
                if tenure.status == "attributed":
                    assert found == winners(tenure)
                macs = {mac for each in tenure.holders for mac in (each.mac, mac_of_duid(each.duid or ""))}
                assert {who.mac for who in found} <= macs | {None}
                assert {who.user for who in found} <= {each.user and each.user.lower() for each in tenure.holders} | {
                    None
                }
