"""auditor.identity.readers.zeek_networks."""

from __future__ import annotations

from ipaddress import ip_network

from auditor.identity.readers.registry import Reading, Refused, read
from auditor.model.identity import SourceLine, Tenancy, Trust

READING = Reading("zeek", "networks.cfg", vantage="hq", vlan=7)


def test_a_network_has_a_name_and_no_end() -> None:
    """It names nobody in it."""
    (told,) = read("zeek-networks", [b"10.0.0.0/8          Private IP space  # ours"], READING)

    assert told == Tenancy(
        0,
        None,
        Trust.LISTED,
        SourceLine("zeek", "networks.cfg", 1),
        vlan=7,
        vantage="hq",
        attributes=(("network", "Private IP space"),),
        network=ip_network("10.0.0.0/8"),
    )


def test_lines_as_zeek_takes_them() -> None:
    """Comments, IPv6, bits behind the prefix, one address, no name; what is none is refused by its line."""
    lines = [b"# ours", b"", b"2001:db8::1/32\tBranch", b"192.0.2.1", b"lobby 10.0.0.0/8"]

    *told, refused = read("zeek-networks", lines, READING)

    assert [(one.network, one.attributes[0][1]) for one in told if isinstance(one, Tenancy)] == [
        (ip_network("2001:db8::/32"), "Branch"),
        (ip_network("192.0.2.1/32"), "192.0.2.1/32"),
    ]
    assert refused == Refused(5, "the line does not begin with a network")
