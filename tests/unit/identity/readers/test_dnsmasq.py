"""auditor.identity.readers.dnsmasq."""

from __future__ import annotations

import pytest

from auditor.identity.readers.registry import Refused
from auditor.model.moment import NANOSECONDS
from tests.build.identity import ALICE, DUID, held, moment, refused, spans, tell

TAKEN = moment("12:54:00")
LEASE = "1795352587 52:54:00:12:34:56 10.30.0.58 alice-laptop 01:52:54:00:12:34:56\n"
V6 = f"""duid 00:01:00:01:32:9b:44:2a:e6:92:4f:4f:fa:5c
1795352587 1193046 2001:db8::57 alice-laptop {DUID}
1795352587 T1193047 2001:db8::a1 * {DUID}
"""


def test_a_lease_is_held_from_the_files_time_to_its_expiry() -> None:
    """When it began does not stand in the file, so that it is known from its writing on."""
    assert spans(held("dnsmasq", LEASE, taken=TAKEN)) == [("12:54:00", "13:03:07", "10.30.0.58", ALICE, 1)]
    assert held("dnsmasq", LEASE, taken=TAKEN)[0].host == "alice-laptop"


def test_where_the_length_of_leases_is_known_it_begins_that_long_before_its_expiry() -> None:
    """Then the file's time is not needed, which a copy may have lost."""
    assert spans(held("dnsmasq", LEASE, lease=600 * NANOSECONDS)) == [("12:53:07", "13:03:07", "10.30.0.58", ALICE, 1)]


def test_an_infinite_lease_has_no_end_and_a_star_is_no_name() -> None:
    """Expiry 0; a device that told no name."""
    (tenancy,) = held("dnsmasq", "0 52:54:00:12:34:56 10.30.0.58 * *\n", taken=TAKEN)

    assert (tenancy.end, tenancy.host) == (None, None)


def test_leases_behind_the_servers_duid_are_ipv6() -> None:
    """Temporary addresses too; the device is named by its DUID."""
    told = held("dnsmasq", LEASE + V6, taken=TAKEN)

    assert [(str(each.ip), each.mac, each.duid, each.host) for each in told[1:]] == [
        ("2001:db8::57", None, DUID, "alice-laptop"),
        ("2001:db8::a1", None, DUID, None),
    ]


def test_other_hardware_has_no_mac() -> None:
    """The type stands before it: ``20-`` is InfiniBand."""
    text = "1795352587 20-00:00:00:00:00:12:34:56 10.30.0.58 node *\n"

    assert held("dnsmasq", text, taken=TAKEN)[0].mac is None


def test_leases_say_nothing_where_no_time_is_known_or_it_is_over() -> None:
    """A file whose modification time was lost would begin leases after their end."""
    assert refused("dnsmasq", LEASE) == [
        Refused(1, "the lease says no beginning, and when the file was written is not known")
    ]
    assert refused("dnsmasq", LEASE, taken=moment("13:03:07")) == [
        Refused(1, "the lease was over when the file was written")
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("secret", "a lease has five fields"),
        ("secret 52:54:00:12:34:56 10.30.0.58 a *", "the time is not seconds since the epoch"),
        ("1795352587 52:54:00:12:34:zz 10.30.0.58 a *", "there is no MAC address where one belongs"),
        ("1795352587 20-00:00:00:12:34:56:78:90 10.30.0.58 * *", "the lease names no device"),
        ("1795352587 52:54:00:12:34:56 secret a *", "there is no IP address where one belongs"),
    ],
)
def test_a_broken_line_is_refused_and_the_next_one_read(line: str, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("dnsmasq", f"{line}\n{LEASE}", taken=TAKEN)

    assert told[0] == Refused(1, reason)
    assert len(told) == 2
