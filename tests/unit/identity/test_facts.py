"""What statements say of a holder."""

from __future__ import annotations

import pytest

from auditor.identity.facts import Facts, contradict, mac_of_duid, names_of, same_host


@pytest.mark.parametrize(
    ("duid", "mac"),
    [
        ("00:01:00:01:2f:11:22:33:52:54:00:12:34:56", "52:54:00:12:34:56"),  # with a time
        ("00:03:00:01:52:54:00:12:34:56", "52:54:00:12:34:56"),
        ("00:03:00:06:52:54:00:12:34:56", None),  # IEEE 802, which is no Ethernet
        ("00:03:00:01:52:54:00:12:34", None),
        ("00:01:00:01:52:54:00:12:34:56", None),  # without its time
        ("00:04:00:01:52:54:00:12:34:56", None),  # a UUID
        ("00:03", None),
        ("", None),
    ],
)
def test_a_duid_may_have_a_mac_in_it(duid: str, mac: str | None) -> None:
    """RFC 8415 §11.2 and §11.4 put a link-layer address in; all others have none."""
    assert mac_of_duid(duid) == mac


def test_a_device_is_found_by_each_of_its_names() -> None:
    """By its MAC and its DUID; by the address in the DUID only where no MAC is told."""
    duid = "00:03:00:01:52:54:00:12:34:56"

    assert names_of(Facts()) == ()
    assert names_of(Facts(mac="02:00:00:00:00:01")) == ("02:00:00:00:00:01",)
    assert names_of(Facts(mac="02:00:00:00:00:01", duid=duid)) == ("02:00:00:00:00:01", f"duid:{duid}")
    assert names_of(Facts(duid=duid)) == ("52:54:00:12:34:56", f"duid:{duid}")
    assert names_of(Facts(duid="00:04:01")) == ("duid:00:04:01",)


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("pc", "PC", True),
        ("pc", "pc.corp.example", True),
        ("pc.corp.example.", "PC.corp.example", True),
        ("pc", "pc2.corp.example", False),
        ("pc.corp.example", "pc.home.example", False),
    ],
)
def test_a_host_name_may_have_its_domain(one: str, other: str, are_same: bool) -> None:
    """Servers write it with and without, in any capitals."""
    assert same_host(one, other) is are_same
    assert same_host(other, one) is are_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Facts(user="alice"), Facts(user="bob")),
        (Facts(host="pc"), Facts(host="tablet")),
        (Facts(groups=("staff",)), Facts(groups=("guests",))),
        (Facts(attributes=(("nas", "1"), ("port", "1"))), Facts(attributes=(("nas", "2"),))),
    ],
)
def test_two_statements_contradict_where_both_say_something_else(one: Facts, other: Facts) -> None:
    """About one device, the later one is then another holder's."""
    assert contradict(one, other)
    assert contradict(other, one)


@pytest.mark.parametrize(
    "other",
    [Facts(), Facts(user="Alice"), Facts(host="pc.corp.example"), Facts(attributes=(("port", "7"),))],
)
def test_what_is_left_out_is_no_contradiction(other: Facts) -> None:
    """A renewal that tells no name leaves the name as it was."""
    one = Facts(user="alice", host="pc", groups=("staff",), attributes=(("nas", "1"),))

    assert not contradict(one, other)
    assert not contradict(other, one)


def test_a_device_alone_is_nobody() -> None:
    """Whoever is looked up by device wants to know more than the device."""
    assert not Facts(mac="02:00:00:00:00:01", duid="00:04:01").is_of_person
    assert Facts(groups=("staff",)).is_of_person
