"""What the capture shows of who held an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.identity.seen import SUPPOSED_FOR, statements
from auditor.model.binding import FOREVER
from auditor.model.identity import SourceLine, Trust
from tests.build.sighting import NINE, SECOND, binding, lease, sighting

if TYPE_CHECKING:
    from auditor.model.binding import Binding, Lease
    from auditor.model.identity import Tenancy

LAPTOP, PHONE = "02:00:00:00:00:05", "02:00:00:00:00:06"
ADDRESS = "10.20.0.5"


def leased(*leases: Lease) -> list[Tenancy]:
    """What DHCP's messages come to."""
    return list(statements(sighting(leases=leases)))


def spoken(*bindings: Binding) -> list[tuple[str | None, int, int | None, bool]]:
    """What neighbours' words come to: device, from when to when after nine, in seconds, and whether it is supposed."""
    found = statements(sighting(bindings=bindings))
    return [(t.mac, (t.start - NINE) // SECOND, ((t.end or 0) - NINE) // SECOND, t.supposed) for t in found]


def test_a_servers_answer_is_the_record_itself() -> None:
    """It ties address, device and name, for as long as it says, with its frame."""
    [tenancy] = leased(lease(ADDRESS, LAPTOP, host="laptop", vlan=(20,), frame=12))

    assert (tenancy.start, tenancy.end, tenancy.trust) == (NINE, NINE + 3600 * SECOND, Trust.SEEN)
    assert (str(tenancy.ip), tenancy.mac, tenancy.host) == (ADDRESS, LAPTOP, "laptop")
    assert (tenancy.vlan, tenancy.vantage) == (20, "default")
    assert tenancy.line == SourceLine("capture", "day.pcapng", 12)


def test_a_lease_may_have_no_end() -> None:
    """Where it is for ever, and where the server does not say."""
    assert [t.end for t in leased(lease(ADDRESS, LAPTOP, seconds=FOREVER), lease(ADDRESS, PHONE, seconds=None))] == [
        None,
        None,
    ]


def test_what_is_given_back_or_declined_is_over() -> None:
    """An empty interval ends a holding; it tells no name."""
    told = leased(
        lease(ADDRESS, LAPTOP, event="released", host="laptop"), lease(ADDRESS, LAPTOP, event="declined", at=NINE + 1)
    )

    assert [(t.start, t.end, t.host) for t in told] == [(NINE, NINE, None), (NINE + 1, NINE + 1, None)]


def test_behind_a_relay_the_vlan_is_not_the_clients() -> None:
    """So the statement names none."""
    [tenancy] = leased(lease(ADDRESS, LAPTOP, vlan=(2,), relayed=True))

    assert (tenancy.vlan, tenancy.mac) == (None, LAPTOP)


def test_a_device_without_a_mac_has_its_duid() -> None:
    """In DHCPv6 the answer names the device by that; without both it says nothing."""
    [tenancy] = leased(lease("2001:db8::5", None, duid="00:03"), lease("2001:db8::6", None))

    assert (tenancy.mac, tenancy.duid) == (None, "00:03")


def test_a_name_alone_is_of_the_device_until_it_tells_another() -> None:
    """It is believed no further than anybody's word; what an answer says too is not said twice."""
    told = leased(
        lease(None, LAPTOP, event="named", host="laptop"),
        lease(None, LAPTOP, event="named", host="laptop", at=NINE + 1),
        lease(None, LAPTOP, event="named", host="other", at=NINE + 2),
        lease(None, PHONE, event="named", host="phone", at=NINE + 3),
        lease(ADDRESS, PHONE, host="phone", at=NINE + 4),
    )

    named = [(t.mac, t.host, t.start, t.end, t.trust) for t in told if t.ip is None]
    assert named == [
        (LAPTOP, "laptop", NINE, None, Trust.NEIGHBOUR),
        (LAPTOP, "other", NINE + 2, None, Trust.NEIGHBOUR),
    ]


def test_who_speaks_has_its_address_as_long_as_it_does_and_supposedly_after() -> None:
    """From the first word to the last it is sure, as far as neighbours are; then it is supposed for an hour."""
    after = SUPPOSED_FOR // SECOND

    assert spoken(binding(ADDRESS, LAPTOP)) == [(LAPTOP, 0, 60, False), (LAPTOP, 60, 60 + after, True)]


def test_two_who_speak_at_once_begin_at_once() -> None:
    """A liar does not become the only holder by speaking later."""
    told = spoken(binding(ADDRESS, LAPTOP), binding(ADDRESS, PHONE, at=NINE + 20 * SECOND, lasting=10 * SECOND))

    assert [each for each in told if not each[3]] == [
        (LAPTOP, 0, 20, False),
        (LAPTOP, 20, 30, False),
        (PHONE, 20, 30, False),
        (LAPTOP, 30, 60, False),
    ]


def test_a_thousand_made_up_devices_are_none() -> None:
    """Where too many claim one address at once, nobody is told; before and after, who speaks alone is."""
    made_up = [
        binding(ADDRESS, f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}", at=NINE + 20 * SECOND, lasting=10 * SECOND)
        for n in range(1000)
    ]

    told = spoken(binding(ADDRESS, LAPTOP), *made_up)

    assert told == [(LAPTOP, 0, 20, False), (LAPTOP, 30, 60, False)]


def test_equal_addresses_in_two_vlans_do_not_meddle() -> None:
    """Each VLAN has its own holder."""
    told = list(
        statements(sighting(bindings=[binding(ADDRESS, LAPTOP, vlan=(10,)), binding(ADDRESS, PHONE, vlan=(100, 20))]))
    )

    assert {(t.vlan, t.mac) for t in told} == {(10, LAPTOP), (20, PHONE)}
    assert len(told) == 4


def test_a_router_says_nothing_of_devices() -> None:
    """Who speaks for many is left out."""
    assert spoken(binding(ADDRESS, LAPTOP, shared=True)) == []
