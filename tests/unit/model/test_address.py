"""Addresses that know their hash are the standard library's in everything else."""

from __future__ import annotations

import pickle
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING

from auditor.model.address import Inet4, Inet6

if TYPE_CHECKING:
    from auditor.model.flow import Address

FOUR = Inet4(bytes([10, 20, 3, 4]))
SIX = Inet6(IPv6Address("2001:db8::1").packed)


def test_they_are_found_under_the_standard_librarys_and_the_other_way_round() -> None:
    """Identity sources and policies write addresses as the standard library has them."""
    known: dict[Address, str] = {FOUR: "four", SIX: "six"}
    written: dict[Address, str] = {IPv4Address("10.20.3.4"): "four", IPv6Address("2001:db8::1"): "six"}
    assert [known[address] for address in written] == [written[address] for address in known] == ["four", "six"]
    assert hash(Inet4(FOUR.packed)) == hash(FOUR)


def test_they_compare_print_and_lie_in_networks_as_those_do() -> None:
    """Nothing that takes an address sees a difference."""
    assert IPv4Address("10.20.3.4") == FOUR
    assert IPv6Address("2001:db8::1") == SIX
    assert IPv4Address("10.20.3.3") < FOUR < IPv4Address("10.20.3.5")
    assert (str(FOUR), str(SIX)) == ("10.20.3.4", "2001:db8::1")
    assert FOUR in ip_network("10.20.0.0/16")
    assert SIX in ip_network("2001:db8::/32")


def test_they_survive_being_written_down() -> None:
    """Another process gets them back whole, their hash too."""
    again = pickle.loads(pickle.dumps((FOUR, SIX)))  # noqa: S301 - our own bytes
    assert again == (FOUR, SIX)
    assert [hash(each) for each in again] == [hash(FOUR), hash(SIX)]
