"""Whose a host is: the most specific claim wins, a tie is nobody's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.attribution import Attribution
from auditor.policy.membership import Membership, PrefixMap

HOST = ip_address("10.20.0.5")


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
MACS = st.sampled_from(["52:54:00:00:00:01", "52:54:00:00:00:02"])
CLAIMS = st.lists(st.tuples(_networks() | st.integers(1, 3) | MACS, st.sampled_from("abc")), unique=True, max_size=12)


@given(CLAIMS, HOSTS, st.lists(st.integers(1, 3), max_size=2).map(tuple), st.none() | MACS)
def test_attribution_equals_looking_at_every_claim(
    claims: list[tuple[IPv4Network | IPv6Network | int | str, str]],
    host: IPv4Address | IPv6Address,
    vlan: tuple[int, ...],
    mac: str | None,
) -> None:
    """Tables and caches change nothing: MAC before network before VLAN, longest prefix first, ties ambiguous."""
    ranks: list[tuple[int, int, str]] = []
    for what, group in claims:
        if isinstance(what, str):
            ranks += [(3, 0, group)] if what == mac else []
        elif isinstance(what, int):
            ranks += [(1, 0, group)] if what in vlan else []
        else:
            ranks += [(2, what.prefixlen, group)] if host.version == what.version and host in what else []
    best = max((rank[:2] for rank in ranks), default=None)
    winners = {rank[2] for rank in ranks if rank[:2] == best}

    found = Membership(claims).attribute(host, vlan=vlan, mac=mac)

    if not winners:
        assert found == Attribution("unattributed", "unattributed")
    elif len(winners) == 1:
        assert (found.group, found.status) == (winners.pop(), "attributed")
    else:
        assert (found.group, found.status, found.source) == ("unattributed", "ambiguous", None)
        assert winners <= {candidate.group for candidate in found.candidates}


def test_the_source_says_what_decided() -> None:
    """People can look it up in the policy."""
    membership = Membership([(ip_network("10.20.0.0/16"), "a"), (30, "b"), ("52:54:00:00:00:01", "c")])
    assert membership.attribute(HOST).source == "network 10.20.0.0/16"
    assert membership.attribute(ip_address("192.0.2.1"), vlan=(30,)).source == "vlan 30"
    assert membership.attribute(HOST, vlan=(30,), mac="52:54:00:00:00:01").source == "mac 52:54:00:00:00:01"


def test_the_losers_are_named() -> None:
    """Who else claims the host, and why the winner won."""
    membership = Membership([(ip_network("10.0.0.0/8"), "a"), (ip_network("10.20.0.0/16"), "b")])
    found = membership.attribute(HOST)
    assert found.group == "b"
    assert [(c.group, c.source, c.reason) for c in found.candidates] == [
        ("b", "network 10.20.0.0/16", "most specific"),
        ("a", "network 10.0.0.0/8", "less specific"),
    ]


def test_two_tags_of_two_groups_are_a_tie() -> None:
    """With stacked tags, neither the outer nor the inner one wins by chance."""
    membership = Membership([(10, "a"), (30, "b")])
    found = membership.attribute(HOST, vlan=(10, 30))
    assert found.status == "ambiguous"
    assert {(c.group, c.reason) for c in found.candidates} == {
        ("a", "as specific as another group's claim"),
        ("b", "as specific as another group's claim"),
    }


def test_a_group_alone_has_no_candidates() -> None:
    """Its own wider network is no other candidate."""
    membership = Membership([(ip_network("10.0.0.0/8"), "a"), (ip_network("10.20.0.0/16"), "a")])
    assert membership.attribute(HOST).candidates == ()


def test_a_prefix_map_tells_versions_apart() -> None:
    """The address 0.0.0.1 is not ::1."""
    only_v6 = PrefixMap([(ip_network("::/0"), "v6")])
    assert ip_address("::1") in only_v6
    assert ip_address("0.0.0.1") not in only_v6
