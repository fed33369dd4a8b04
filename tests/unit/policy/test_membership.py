"""Whose a host is: the most specific claim wins, a tie is nobody's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.attribution import Attribution
from auditor.model.identity import Holder, Trust
from auditor.policy.membership import Claim, Membership, PrefixMap
from auditor.policy.patterns import Pattern, fold

if TYPE_CHECKING:
    from auditor.policy.membership import Kind

HOST = ip_address("10.20.0.5")
MAC, OTHER_MAC = "52:54:00:00:00:01", "52:54:00:00:00:02"


def _networks() -> st.SearchStrategy[IPv4Network | IPv6Network]:
    """Networks that often hold each other."""
    v4 = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
        lambda pair: IPv4Network((IPv4Address("10.0.0.0") + pair[0], pair[1]), strict=False)
    )
    v6 = st.tuples(st.integers(0, 255), st.integers(120, 128)).map(
        lambda pair: IPv6Network((IPv6Address("2001:db8::") + pair[0], pair[1]), strict=False)
    )
    return v4 | v6 | st.just(ip_network("0.0.0.0/0")) | st.just(ip_network("::/0"))


HOSTS = st.integers(0, 255).map(lambda n: IPv4Address("10.0.0.0") + n) | st.integers(0, 255).map(
    lambda n: IPv6Address("2001:db8::") + n
)
MACS = st.sampled_from([MAC, OTHER_MAC])
NAMES = st.sampled_from(["lab-1", "LAB-2", "ada", "vpn1", "staff"])
PATTERNS = st.sampled_from(["lab-1", "lab-*", "*", "ada", "a*a", "vpn*", "Staff"]).map(Pattern.of)
GROUPS = st.sampled_from("abcdef")
CLAIMS = st.lists(
    st.builds(Claim.of, st.just("networks"), _networks(), GROUPS)
    | st.builds(Claim.of, st.just("vlans"), st.integers(1, 3), GROUPS)
    | st.builds(Claim.of, st.just("macs"), MACS, GROUPS)
    | st.builds(Claim.of, st.sampled_from(["hosts", "users", "directory_groups"]), PATTERNS, GROUPS)
    | st.builds(Claim.of, st.just("attributes"), PATTERNS, GROUPS, st.sampled_from(["NAS-Identifier", "Class"])),
    unique=True,
    max_size=14,
)
PARENTS = st.sampled_from([{}, {"b": "a"}, {"b": "a", "c": "b", "d": "a"}, {"a": "f", "e": "f", "b": "a"}])
HOLDERS = st.none() | st.builds(
    Holder,
    st.sampled_from(Trust),
    st.just(()),
    mac=st.none() | MACS,
    host=st.none() | NAMES,
    user=st.none() | NAMES,
    groups=st.lists(NAMES, max_size=2).map(tuple),
    attributes=st.lists(st.tuples(st.sampled_from(["nas-identifier", "Class"]), NAMES), max_size=2).map(tuple),
)


def _holds(claim: Claim, host: object, vlan: tuple[int, ...], mac: str | None, holder: Holder | None) -> bool:
    """Whether a claim is to the host, one by one and without any table."""
    what = claim.what
    if isinstance(what, IPv4Network | IPv6Network):
        return isinstance(host, IPv4Address | IPv6Address) and host.version == what.version and host in what
    if isinstance(what, int):
        return what in vlan
    if isinstance(what, str):
        return what == mac or (holder is not None and what == holder.mac)
    if holder is None:
        return False
    names = {
        "hosts": (holder.host,),
        "users": (holder.user,),
        "directory_groups": holder.groups,
        "attributes": tuple(v for name, v in holder.attributes if name.lower() == claim.attribute.lower()),
    }[claim.key]
    return any(name is not None and what.matches(fold(name)) for name in names)


def _above(group: str, parents: dict[str, str]) -> set[str]:
    return {parents[group]} | _above(parents[group], parents) if group in parents else set()


def _winners(claims: list[Claim], parents: dict[str, str]) -> set[str]:
    """Say who wins, from the top: the best claim, then the best of those within its group, and so on."""
    ranks: list[tuple[tuple[Kind, int], str]] = [(claim.rank, claim.group) for claim in claims]
    best = {group for rank, group in ranks if rank == max(ranks)[0]}
    innermost = {g for g in best if all(g == other or other in _above(g, parents) for other in best)}
    if not innermost:
        return best
    (winner,) = innermost
    deeper = [claim for claim in claims if winner in _above(claim.group, parents)]
    return _winners(deeper, parents) if deeper else {winner}


@given(CLAIMS, PARENTS, HOSTS, st.lists(st.integers(1, 3), max_size=2).map(tuple), st.none() | MACS, HOLDERS)
def test_attribution_equals_looking_at_every_claim(
    claims: list[Claim],
    parents: dict[str, str],
    host: IPv4Address | IPv6Address,
    vlan: tuple[int, ...],
    mac: str | None,
    holder: Holder | None,
) -> None:
    """Tables and caches change nothing: user, device, directory, network, VLAN; inner before outer; no tie decided."""
    claiming = [claim for claim in claims if _holds(claim, host, vlan, mac, holder)]
    winners = _winners(claiming, parents) if claiming else set()

    membership = Membership(claims, parents)
    found = membership.attribute(host, vlan=vlan, mac=mac, holder=holder)
    weighed = membership.weigh(host, vlan=vlan, mac=mac, holder=holder)

    if not winners:
        assert found == Attribution("unattributed", "unattributed")
    elif len(winners) == 1:
        assert (found.group, found.status) == (winners.pop(), "attributed")
    else:
        assert (found.group, found.status, found.source) == ("unattributed", "ambiguous", None)
        assert winners <= {candidate.group for candidate in found.candidates}
    assert sorted(each.claim.group for each in weighed) == sorted(claim.group for claim in claiming)
    assert all(each.standing for each in weighed)


CLAIMS_OF_ALL_KINDS = [
    Claim.of("vlans", 30, "vlan"),
    Claim.of("networks", ip_network("10.0.0.0/8"), "wide"),
    Claim.of("networks", ip_network("10.20.0.0/16"), "narrow"),
    Claim.of("directory_groups", Pattern.of("cn=Staff,*"), "directory"),
    Claim.of("attributes", Pattern.of("vpn1"), "login", "NAS-Identifier"),
    Claim.of("hosts", Pattern.of("lab-*"), "lab"),
    Claim.of("hosts", Pattern.of("lab-7"), "seven"),
    Claim.of("macs", MAC, "device"),
    Claim.of("users", Pattern.of("ada"), "ada"),
]


@pytest.mark.parametrize(
    ("asked", "group"),
    [
        ({"host": ip_address("192.0.2.1"), "vlan": (30,)}, "vlan"),
        ({"vlan": (30,)}, "narrow"),
        ({"host": ip_address("10.1.0.1"), "vlan": (30,)}, "wide"),
        ({"holder": Holder(Trust.LEASED, (), groups=("CN=staff,DC=example",))}, "directory"),
        ({"holder": Holder(Trust.AUTHENTICATED, (), attributes=(("nas-identifier", "VPN1"),))}, "login"),
        ({"holder": Holder(Trust.LEASED, (), host="Lab-12", groups=("cn=staff,dc=example",))}, "lab"),
        ({"holder": Holder(Trust.LEASED, (), host="lab-7")}, "seven"),
        ({"holder": Holder(Trust.LEASED, (), host="lab-12", mac=MAC)}, "device"),
        ({"holder": Holder(Trust.AUTHENTICATED, (), user="Ada", mac=MAC, host="lab-7")}, "ada"),
        ({"mac": MAC, "holder": Holder(Trust.LEASED, (), mac=OTHER_MAC)}, "device"),
    ],
)
def test_the_most_specific_claim_wins(asked: dict[str, Any], group: str) -> None:
    """User, MAC or host name, directory group or attribute, longer prefix, VLAN: in this order."""
    found = Membership(CLAIMS_OF_ALL_KINDS).attribute(**{"host": HOST, **asked})
    assert (found.group, found.status) == (group, "attributed")


def test_a_mac_and_a_host_name_of_two_groups_are_a_tie() -> None:
    """Neither says more of the device than the other."""
    holder = Holder(Trust.LEASED, (), host="lab-7", mac=MAC)
    found = Membership(CLAIMS_OF_ALL_KINDS).attribute(HOST, holder=holder)
    assert (found.group, found.status) == ("unattributed", "ambiguous")
    assert [(c.group, c.reason) for c in found.candidates][:2] == [
        ("seven", "as specific as another group's claim"),
        ("device", "as specific as another group's claim"),
    ]


def test_the_source_says_what_decided_and_names_nobody() -> None:
    """It goes into every result: people can look it up in the policy, who sees the result alone learns no name."""
    membership = Membership(CLAIMS_OF_ALL_KINDS)

    def source(**asked: Any) -> str | None:  # noqa: ANN401 - whatever is asked
        return membership.attribute(**{"host": HOST, **asked}).source

    assert source() == "network 10.20.0.0/16"
    assert source(host=ip_address("192.0.2.1"), vlan=(30,)) == "vlan 30"
    assert source(mac=MAC) == "mac of group device"
    assert source(holder=Holder(Trust.LEASED, (), host="lab-7")) == "host name of group seven"
    assert source(holder=Holder(Trust.LEASED, (), user="ada")) == "user of group ada"
    assert source(holder=Holder(Trust.LEASED, (), groups=("cn=staff,x",))) == "directory group of group directory"
    login = Holder(Trust.LEASED, (), attributes=(("NAS-Identifier", "vpn1"),))
    assert source(holder=login) == "attribute NAS-Identifier of group login"


def test_the_losers_are_named() -> None:
    """Who else claims the host, and why the winner won."""
    membership = Membership(
        [Claim.of("networks", ip_network("10.0.0.0/8"), "a"), Claim.of("networks", ip_network("10.20.0.0/16"), "b")]
    )
    found = membership.attribute(HOST)
    assert found.group == "b"
    assert [(c.group, c.source, c.reason) for c in found.candidates] == [
        ("b", "network 10.20.0.0/16", "most specific"),
        ("a", "network 10.0.0.0/8", "less specific"),
    ]


NESTED = [
    Claim.of("users", Pattern.of("ada"), "staff", line=7),
    Claim.of("networks", ip_network("10.20.0.0/16"), "engineers", line=10),
    Claim.of("macs", MAC, "guests", line=13),
]


def test_a_group_goes_before_the_one_that_it_is_within() -> None:
    """A claim of both is no contradiction: who is of the staff, on the engineers' network, is an engineer."""
    holder = Holder(Trust.AUTHENTICATED, (), user="ada")
    nested = Membership(NESTED, {"engineers": "staff"})
    assert nested.attribute(HOST, holder=holder) == Attribution(
        "engineers", "attributed", source="network 10.20.0.0/16"
    )
    assert Membership(NESTED).attribute(HOST, holder=holder).group == "staff"


def test_every_claim_is_weighed_and_told() -> None:
    """``explain`` shows each with the line of the policy that makes it and what became of it."""
    holder = Holder(Trust.AUTHENTICATED, (), user="ada", mac=MAC)
    weighed = Membership(NESTED, {"engineers": "staff"}).weigh(HOST, holder=holder)
    assert [(each.claim.group, each.claim.line, each.standing) for each in weighed] == [
        ("staff", 7, "group engineers within it goes first"),
        ("guests", 13, "less specific"),
        ("engineers", 10, "within group staff, which wins"),
    ]
    alone = Membership(NESTED).weigh(HOST)
    assert [(each.claim.group, each.standing) for each in alone] == [("engineers", "most specific")]


def test_siblings_that_claim_alike_are_a_tie_within_their_group() -> None:
    """That the host is one of the parent's decides nothing between its children."""
    claims = [
        Claim.of("users", Pattern.of("ada"), "staff"),
        Claim.of("vlans", 10, "engineers"),
        Claim.of("vlans", 30, "lawyers"),
    ]
    membership = Membership(claims, {"engineers": "staff", "lawyers": "staff"})
    holder = Holder(Trust.AUTHENTICATED, (), user="ada")
    assert membership.attribute(HOST, vlan=(10, 30), holder=holder).status == "ambiguous"
    assert membership.attribute(HOST, vlan=(10,), holder=holder).group == "engineers"


def test_two_tags_of_two_groups_are_a_tie() -> None:
    """With stacked tags, neither the outer nor the inner one wins by chance."""
    membership = Membership([Claim.of("vlans", 10, "a"), Claim.of("vlans", 30, "b")])
    found = membership.attribute(HOST, vlan=(10, 30))
    assert found.status == "ambiguous"
    assert {(c.group, c.reason) for c in found.candidates} == {
        ("a", "as specific as another group's claim"),
        ("b", "as specific as another group's claim"),
    }


def test_a_group_alone_has_no_candidates() -> None:
    """Its own wider network is no other candidate."""
    membership = Membership(
        [Claim.of("networks", ip_network("10.0.0.0/8"), "a"), Claim.of("networks", ip_network("10.20.0.0/16"), "a")]
    )
    assert membership.attribute(HOST).candidates == ()


def test_a_prefix_map_tells_versions_apart() -> None:
    """The address 0.0.0.1 is not ::1."""
    only_v6 = PrefixMap([(ip_network("::/0"), "v6")])
    assert ip_address("::1") in only_v6
    assert ip_address("0.0.0.1") not in only_v6
