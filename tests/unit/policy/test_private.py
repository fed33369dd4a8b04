"""What is inside where a policy does not say."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auditor.policy.private import PRIVATE_NETWORKS


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"]
)
def test_private_addresses_are_inside(address: str) -> None:
    """RFC 1918, RFC 6598, link-local, unique local."""
    assert any(ip_address(address) in network for network in PRIVATE_NETWORKS)


@pytest.mark.parametrize("address", ["172.32.0.1", "100.128.0.1", "198.51.100.1", "2001:db8::1", "127.0.0.1"])
def test_others_are_not(address: str) -> None:
    """Also not their neighbours."""
    assert not any(ip_address(address) in network for network in PRIVATE_NETWORKS)
