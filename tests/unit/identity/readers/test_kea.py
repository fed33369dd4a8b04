"""auditor.identity.readers.kea."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auditor.identity.readers.registry import Refused
from auditor.model.identity import SourceLine, Tenancy, Trust
from tests.build.identity import ALICE, DUID, FILE, GUEST, SOURCE, held, moment, refused, spans, tell

HEAD4 = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"
HEAD6 = (
    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,"
    "hwaddr,state,user_context,hwtype,hwaddr_source\n"
)
ROW = "10.30.0.70,52:54:00:12:34:56,01:52:54:00:12:34:56,600,1795352587,1,0,0,alice-laptop,0,\n"
ROW6 = f"2001:db8::31,{DUID},600,1795352587,1,375,0,1193046,128,0,0,alice-laptop,{ALICE},0,,1,2\n"


def test_a_lease_begins_its_lifetime_before_its_expiry() -> None:
    """``expire`` is the last transaction plus the lifetime."""
    assert held("kea", HEAD4 + ROW) == [
        Tenancy(
            moment("12:53:07"),
            moment("13:03:07"),
            Trust.LEASED,
            SourceLine(SOURCE, FILE, 2),
            ip_address("10.30.0.70"),
            ALICE,
            host="alice-laptop",
        )
    ]


def test_ipv6_leases_have_duid_and_mac_and_prefixes_are_left_out() -> None:
    """A prefix is delegated to a router, not leased to a host."""
    prefix = ROW6.replace("2001:db8::31", "2001:db8:100::").replace(",375,0,", ",375,2,").replace(",128,", ",56,")
    (tenancy,) = held("kea", HEAD6 + ROW6 + prefix)

    assert (str(tenancy.ip), tenancy.duid, tenancy.mac, tenancy.host) == ("2001:db8::31", DUID, ALICE, "alice-laptop")


def test_columns_are_found_by_name_and_old_rows_may_be_shorter() -> None:
    """Releases added columns at the end, and a file that was upgraded keeps its old rows."""
    head = "address,valid_lifetime,expire,hostname,hwaddr,pool_id,state\n"

    assert spans(held("kea", head + f"10.30.0.70,600,1795352587,alice-laptop,{ALICE}\n")) == [
        ("12:53:07", "13:03:07", "10.30.0.70", ALICE, 2)
    ]


def test_escaped_commas_are_commas() -> None:
    """Kea writes them as ``&#x2c``; other such codes are read alike."""
    (tenancy,) = held("kea", HEAD4 + ROW.replace("alice-laptop", "bob's&#x2c pc &#x26 &#xzz"))

    assert tenancy.host == "bob's, pc & &#xzz"


@pytest.mark.parametrize("state", ["2", "3"])
def test_a_reclaimed_or_released_row_tells_who_had_the_address(state: str) -> None:
    """It stands alone where the file was cleaned meanwhile."""
    assert spans(held("kea", HEAD4 + ROW.replace(",0,\n", f",{state},\n")))[0][:2] == ("12:53:07", "13:03:07")


def test_a_registered_address_is_held_by_who_registered_it() -> None:
    """RFC 9686: the device chose it itself and tells the server."""
    assert held("kea", HEAD6 + ROW6.replace(f"{ALICE},0,", f"{ALICE},4,"))[0].duid == DUID


def test_a_declined_address_is_nobodys() -> None:
    """A device found it in use: from then on nobody who is known has it."""
    (tenancy,) = held("kea", HEAD4 + "10.30.0.72,,,86400,1795439178,1,0,0,,1,\n")

    assert spans([tenancy]) == [("13:06:18", "13:06:18", "10.30.0.72", None, 2)]


DELETED = ROW.replace(",600,1795352587", ",0,1795351987")


def test_a_deleted_lease_ended_between_the_answers_above_and_below_it() -> None:
    """When does not stand in its row; but Kea writes rows in the order of its answers, whoever they were for."""
    above, below = (
        ROW.replace("10.30.0.70", f"10.30.0.{last}").replace("1795352587", str(1_795_352_587 + later))
        for last, later in ((71, 120), (72, 180))
    )
    told = held("kea", HEAD4 + ROW + above + DELETED + below)

    assert [(*row[:3], each.supposed) for row, each in zip(spans(told), told, strict=True)] == [
        ("12:53:07", "13:03:07", "10.30.0.70", False),
        ("12:55:07", "13:05:07", "10.30.0.71", False),
        ("12:55:07", "12:55:07", "10.30.0.70", False),
        ("12:55:07", "12:56:07", "10.30.0.70", True),
        ("12:56:07", "13:06:07", "10.30.0.72", False),
    ]


def test_a_lease_that_was_over_when_it_was_deleted_ended_as_promised() -> None:
    """Nothing is left to suppose."""
    later = ROW.replace("10.30.0.70", "10.30.0.71").replace("1795352587", "1795353587")

    assert len(held("kea", HEAD4 + ROW + later + DELETED)) == 2


def test_a_deleted_lease_is_supposed_to_have_lasted_from_its_last_answer_on() -> None:
    """A lifetime of 0 is written at a release, with the time of the transaction before it: when it ended is unknown."""
    lease, over, supposed = held("kea", HEAD4 + ROW + DELETED)

    assert spans([lease, over, supposed]) == [
        ("12:53:07", "13:03:07", "10.30.0.70", ALICE, 2),
        ("12:53:07", "12:53:07", "10.30.0.70", ALICE, 3),
        ("12:53:07", "13:03:07", "10.30.0.70", ALICE, 3),
    ]
    assert [lease.supposed, over.supposed, supposed.supposed] == [False, False, True]
    assert spans(held("kea", HEAD4 + DELETED))[1][:2] == ("12:53:07", "2026-11-23 12:53:07")


def test_a_lease_for_ever_has_no_end() -> None:
    """The lifetime 0xffffffff is infinity (RFC 2131 section 3.3)."""
    text = ROW.replace(",600,1795352587", f",4294967295,{1795351987 + 0xFFFFFFFF}")

    assert spans(held("kea", HEAD4 + text))[0][:2] == ("12:53:07", "")


def test_files_that_were_joined_have_several_heads() -> None:
    """Each says how the rows behind it are read."""
    assert len(held("kea", HEAD4 + ROW + HEAD6 + ROW6 + HEAD4 + ROW.replace(ALICE, GUEST))) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW.replace("10.30.0.70", "secret"), "there is no IP address where one belongs"),
        (ROW.replace("1795352587", "secret"), "the time is not seconds since the epoch"),
        (ROW.replace("1795352587", "5"), "the lease begins before 1970"),
        (ROW.replace(",0,\n", ",9,\n"), "the lease is in no state that is known"),
        (ROW.replace(ALICE, "52:54:00:12:34:zz", 1), "there is no MAC address where one belongs"),
        ("secret\n", "there is no IP address where one belongs"),
    ],
)
def test_a_broken_row_is_refused_and_the_next_one_read(row: str, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("kea", HEAD4 + row + ROW)

    assert told[0] == Refused(2, reason)
    assert [type(each) for each in told] == [Refused, Tenancy]


def test_a_lease_to_nobody_who_is_named_ends_the_one_before() -> None:
    """A client id alone names no device: whoever it is, it is another holding."""
    text = ROW.replace("10.30.0.70,52:54:00:12:34:56", "10.30.0.70,").replace("alice-laptop", "")

    assert spans(held("kea", HEAD4 + text)) == [("12:53:07", "12:53:07", "10.30.0.70", None, 2)]


def test_rows_without_columns_are_refused() -> None:
    """The names of the columns are what makes a row one."""
    assert refused("kea", ROW + "address,secret\n" + ROW) == [
        Refused(1, "the row has no names of columns above it"),
        Refused(2, "the columns are none of a lease file"),
        Refused(3, "the row has no names of columns above it"),
    ]


def test_hardware_that_is_no_ethernet_is_left_out() -> None:
    """The lease has its host name still."""
    (tenancy,) = held("kea", HEAD4 + ROW.replace(ALICE, "00:11:22:33:44:55:66:77", 1))

    assert (tenancy.mac, tenancy.host) == (None, "alice-laptop")
