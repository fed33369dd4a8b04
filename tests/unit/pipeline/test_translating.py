"""Hosts behind address translation."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from auditor.model.identity import SourceLine, Translation
from auditor.pipeline.parts import registry
from auditor.pipeline.translating import Translating, count_once
from tests.build.sighting import CONTRACTOR, GUEST, NINE, OUTSIDER, SECOND, activity, connection, sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address, Flow
    from auditor.pipeline.part import Part
    from auditor.pipeline.translating import Behind, Endpoint

PUBLIC = "203.0.113.7"
KNOWN = Translation(
    NINE - SECOND,
    None,
    SourceLine("gateway", "conntrack.log", 3),
    "tcp",
    (ip_address(GUEST), 51000),
    (ip_address(PUBLIC), 40001),
    (ip_address(OUTSIDER), 6881),
)


def is_egress(address: Address) -> bool:
    """203.0.113.0/24 is our public network."""
    return address in ip_network("203.0.113.0/24")


def behind(*known: Translation) -> Behind:
    """A directory that knows these translations, at any vantage point."""

    def ask(
        _vantage: str, transport: str, public: Endpoint, remote: Endpoint | None, first: int, last: int
    ) -> Sequence[Translation]:
        return [
            each
            for each in known
            if (each.transport, each.public) == (transport, public)
            and (remote is None or each.remote == remote)
            and each.start <= last
            and (each.end is None or first < each.end)
        ]

    return ask


def translating(*known: Translation) -> Translating:
    """What these translations and our public network tell."""
    return Translating(is_egress, behind(*known))


def outside(down: int = 32768) -> Flow:
    """The connection as it is behind the translation."""
    flow = connection(PUBLIC, OUTSIDER, down=down, up=16384)
    return flow._replace(orig=flow.orig._replace(port=40001))


def inside() -> Flow:
    """The same as it is before."""
    return connection(GUEST, OUTSIDER, down=32768, up=16384)


def parts(seen: Sighting) -> list[Part]:
    """The originators' parts of every flow, and those of activities."""
    found = [part for index, flow in enumerate(seen.flows) for part in registry.of_flow(index, flow, "orig")]
    return found + [part for index, each in enumerate(seen.activities) for part in registry.of_activity(index, each)]


def test_a_public_endpoint_is_the_inside_host_that_stood_behind_it() -> None:
    """What was captured outside is said of the inside host, with its own port."""
    seen = sighting(flows=[outside()])

    (part,) = translating(KNOWN).inside_hosts(parts(seen), seen)

    assert (str(part.host.ip), part.port) == (GUEST, 51000)
    assert part.public == (ip_address(PUBLIC), 40001)


def test_where_two_may_have_stood_behind_it_nobody_is_named() -> None:
    """The part stays with the public address."""
    seen = sighting(flows=[outside()])
    other = KNOWN._replace(inside=(ip_address(CONTRACTOR), 51000))

    assert translating(KNOWN, other).inside_hosts(parts(seen), seen) == parts(seen)


def test_what_no_log_knows_stays_as_it_is() -> None:
    """Where it is silent of that time."""
    seen = sighting(flows=[outside()])
    gone = KNOWN._replace(end=NINE - 1)

    assert translating(gone).inside_hosts(parts(seen), seen) == parts(seen)


def test_one_talk_seen_on_both_sides_counts_once() -> None:
    """The public side stands aside: it adds its flow, and no byte."""
    seen = sighting(flows=[inside(), outside()])

    found = count_once(translating(KNOWN).inside_hosts(parts(seen), seen), seen)

    assert sum(p.downloaded[0] for p in found if not p.aside) == 32768
    assert sorted(p.flow or 0 for p in found) == [0, 1]
    assert {str(p.host.ip) for p in found} == {GUEST}


def test_the_side_that_saw_more_speaks() -> None:
    """A sensor that lost frames on one side is made up for by the other."""
    seen = sighting(flows=[inside(), outside(down=65536)])

    found = count_once(translating(KNOWN).inside_hosts(parts(seen), seen), seen)

    assert [p.downloaded[0] for p in found if not p.aside] == [65536]


def test_talks_one_after_the_other_both_count() -> None:
    """A port used again is another talk."""
    later = outside()._replace(first=NINE + 900 * SECOND, last=NINE + 960 * SECOND)
    seen = sighting(flows=[inside(), later])

    found = count_once(translating(KNOWN).inside_hosts(parts(seen), seen), seen)

    assert [p.aside for p in found] == [False, False]


def test_the_dht_of_a_public_endpoint_is_the_inside_hosts() -> None:
    """An activity has no single remote end: any translation of its endpoint tells, if all agree."""
    seen = sighting(activities=[activity(PUBLIC, port=40001)])
    known = KNOWN._replace(transport="udp", remote=None)

    (part,) = translating(known).inside_hosts(parts(seen), seen)

    assert (str(part.host.ip), part.port) == (GUEST, 51000)
