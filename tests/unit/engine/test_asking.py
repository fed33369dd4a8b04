"""What the engine is asked, as it takes it."""

from __future__ import annotations

from ipaddress import ip_network

from auditor.engine.asking import CapturePath, Options, Progress, setup, sources, teller


def test_networks_are_prefixes_of_sixteen_bytes() -> None:
    """IPv4 is mapped into IPv6, so that the engine knows but one kind of address."""
    ours = setup(Options((ip_network("10.20.0.0/16"), ip_network("2001:db8::/32"))))["ours"]

    mapped = bytes(10) + b"\xff\xff" + bytes([10, 20, 0, 0])
    assert ours == [(mapped, 96 + 16), (bytes.fromhex("20010db8") + bytes(12), 32)]


def test_a_vantage_point_is_its_place() -> None:
    """Names stay on this side."""
    paths = [CapturePath("a.pcap", "office"), CapturePath("-", "lab", fd=3)]

    taken = sources(paths, ["lab", "office"])

    assert taken == [{"path": "a.pcap", "fd": None, "vantage": 1}, {"path": "-", "fd": 3, "vantage": 0}]


def test_who_listens_is_told_of_progress() -> None:
    """And nobody is called where nobody listens."""
    told: list[Progress] = []
    tell = teller(told.append)

    assert tell is not None
    tell(10, None, 2)
    assert told == [Progress(10, None, 2)]
    assert teller(None) is None
