"""The pieces of a conduct."""

from __future__ import annotations

from ipaddress import ip_address

from auditor.pipeline.part import ENDS, MORE, NO_MORE, Host, Part, host_of, opposite
from tests.build.sighting import EMPLOYEE, OUTSIDER, flow


def test_a_host_is_known_as_an_attribution_needs_it() -> None:
    """Its address, tags, link address and where it was seen; never the other end's."""
    seen = flow(EMPLOYEE, OUTSIDER, vlan=(20,), mac="52:54:00:00:00:05", vantage="core")

    assert host_of(seen, "orig") == Host("core", ip_address(EMPLOYEE), (20,), "52:54:00:00:00:05")
    assert host_of(seen, "resp") == Host("core", ip_address(OUTSIDER), (20,), None)


def test_each_end_is_opposite_the_other() -> None:
    """A flow has two ends."""
    assert [opposite(end) for end in ENDS] == ["resp", "orig"]


def test_what_a_conduct_takes_from_every_part_stands_before_what_most_leave_out() -> None:
    """Folding looks at the others only where a part has one of them: a field put before them is in no sum."""
    of_all = "kind host port remote_port first last participation confidence detectors wire basis candidates flow"
    assert [*Part._fields[:MORE]] == [*of_all.split(), "activity", "frames", "public", "aside"]
    assert len(NO_MORE) == len(Part._fields) - MORE
