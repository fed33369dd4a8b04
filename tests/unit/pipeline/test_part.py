"""The pieces of a conduct."""

from __future__ import annotations

from ipaddress import ip_address

from auditor.pipeline.part import ENDS, Host, host_of, opposite
from tests.build.sighting import EMPLOYEE, OUTSIDER, flow


def test_a_host_is_known_as_an_attribution_needs_it() -> None:
    """Its address, tags, link address and where it was seen; never the other end's."""
    seen = flow(EMPLOYEE, OUTSIDER, vlan=(20,), mac="52:54:00:00:00:05", vantage="core")

    assert host_of(seen, "orig") == Host("core", ip_address(EMPLOYEE), (20,), "52:54:00:00:00:05")
    assert host_of(seen, "resp") == Host("core", ip_address(OUTSIDER), (20,), None)


def test_each_end_is_opposite_the_other() -> None:
    """A flow has two ends."""
    assert [opposite(end) for end in ENDS] == ["resp", "orig"]
