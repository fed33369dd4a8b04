"""auditor.identity.readers.dhcpd."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auditor.identity.readers.registry import Refused
from auditor.model.identity import SourceLine, Tenancy, Trust
from tests.build.identity import ALICE, FILE, GUEST, SOURCE, held, moment, refused, spans, tell

HEAD = r"""# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

server-duid "\000\001\000\0012\233C\021\346\222OO\372\\";

"""
ACTIVE = """lease 10.30.0.70 {
  starts 0 2026/11/22 12:53:07;
  ends 0 2026/11/22 13:03:07;
  cltt 0 2026/11/22 12:53:07;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 52:54:00:12:34:56;
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "alice-laptop";
}
"""
FREE = """lease 10.30.0.70 {
  starts 0 2026/11/22 12:53:07;
  ends 0 2026/11/22 13:01:40;
  tstp 0 2026/11/22 13:01:40;
  cltt 0 2026/11/22 12:53:07;
  binding state free;
  hardware ethernet 52:54:00:12:34:56;
}
"""
V6 = r"""ia-na "V4\022\000\000\001\000\0012\233B\020RT\000\0224V" {
  cltt 0 2026/11/22 12:53:07;
  iaaddr 2001:db8::1000 {
    binding state active;
    preferred-life 375;
    max-life 600;
    ends 0 2026/11/22 13:03:07;
  }
}

"""


def test_an_active_lease_is_held_from_its_start_to_its_end() -> None:
    """Address, MAC, host name, and the line where the block begins."""
    assert held("isc-dhcpd", HEAD + ACTIVE, vlan=30, vantage="hq") == [
        Tenancy(
            moment("12:53:07"),
            moment("13:03:07"),
            Trust.LEASED,
            SourceLine(SOURCE, FILE, 9),
            ip_address("10.30.0.70"),
            ALICE,
            vlan=30,
            vantage="hq",
            host="alice-laptop",
        )
    ]


def test_a_released_lease_ended_when_it_was_released() -> None:
    """A later block of the same beginning ends sooner; dhcpd leaves the host name out of it."""
    assert spans(held("isc-dhcpd", ACTIVE + FREE)) == [
        ("12:53:07", "13:03:07", "10.30.0.70", ALICE, 1),
        ("12:53:07", "13:01:40", "10.30.0.70", ALICE, 12),
    ]


@pytest.mark.parametrize("state", ["free", "released", "expired", "reset"])
def test_a_block_that_is_over_tells_who_had_the_address(state: str) -> None:
    """After the file was cleaned, the last block of an address is all there is."""
    assert spans(held("isc-dhcpd", FREE.replace("state free", f"state {state}"))) == [
        ("12:53:07", "13:01:40", "10.30.0.70", ALICE, 1)
    ]


def test_of_a_failover_pair_a_balanced_address_is_held_by_nobody() -> None:
    """Its start is when the servers agreed, after the last lease's end: that end is all that it says."""
    balanced = FREE.replace("starts 0 2026/11/22 12:53:07", "starts 0 2026/11/22 14:00:00").replace("free", "backup")

    assert spans(held("isc-dhcpd", balanced)) == [("13:01:40", "13:01:40", "10.30.0.70", ALICE, 1)]


def test_an_abandoned_address_is_nobodys_from_then_on() -> None:
    """Whoever answered the ping has it; the block names the device that it was not given to."""
    text = """lease 10.30.0.72 {
  starts 0 2026/11/22 13:06:18;
  ends 0 2026/11/22 13:16:18;
  cltt 0 2026/11/22 13:06:18;
  binding state abandoned;
  next binding state free;
  client-hostname "alice-laptop";
}
"""
    (tenancy,) = held("isc-dhcpd", text)

    assert spans([tenancy]) == [("13:06:18", "13:06:18", "10.30.0.72", None, 1)]
    assert tenancy.host is None


def test_never_and_epochs_and_offsets_are_times() -> None:
    """``ends never`` has no end; ``db-time-format local`` writes seconds; early releases wrote a zone's offset."""
    text = ACTIVE.replace("0 2026/11/22 12:53:07", "epoch 1795351987; # Sun Nov 22 13:53:07 2026")
    assert spans(held("isc-dhcpd", text.replace("0 2026/11/22 13:03:07", "never"))) == [
        ("12:53:07", "", "10.30.0.70", ALICE, 1)
    ]
    text = ACTIVE.replace("12:53:07;", "05:53:07 -25200;", 1)
    assert spans(held("isc-dhcpd", text))[0][0] == "12:53:07"
    assert refused("isc-dhcpd", ACTIVE.replace("starts 0 2026/11/22 12:53:07", "starts never")) == [
        Refused(1, "the lease says no beginning or no end")
    ]


def test_names_are_unescaped_and_made_harmless() -> None:
    """Quotes, backslashes and octal bytes; braces inside a name open no block."""
    text = ACTIVE.replace('"alice-laptop"', r'"bob\'s \"pc\" \\ caf\303\251 \033[2J {"'.replace("\\'", "'"))
    (tenancy,) = held("isc-dhcpd", text)

    assert tenancy.host == 'bob\'s "pc" \\ café \\x1b[2J {'


def test_the_name_in_the_dns_stands_in_for_one_that_the_device_did_not_give() -> None:
    """IPv6 leases have no other."""
    text = ACTIVE.replace('client-hostname "alice-laptop"', 'set ddns-fwd-name = "alice-laptop.corp.example"')

    assert held("isc-dhcpd", text)[0].host == "alice-laptop.corp.example"


def test_ipv6_leases_are_held_by_duids() -> None:
    """The association's key is four bytes of number and the DUID; a delegated prefix is no host's."""
    prefix = V6.replace("ia-na", "ia-pd").replace("iaaddr 2001:db8::1000", "iaprefix 2001:db8:1ff::/56")
    told = held("isc-dhcpd", HEAD + V6 + prefix + V6.replace("ia-na", "ia-ta").replace("::1000", "::a1"))

    duid = "00:01:00:01:32:9b:42:10:52:54:00:12:34:56"
    assert spans(told) == [
        ("12:53:07", "13:03:07", "2001:db8::1000", duid, 11),
        ("12:53:07", "13:03:07", "2001:db8::a1", duid, 31),
    ]


def test_a_key_may_be_written_in_hexadecimal() -> None:
    """``lease-id-format hex``."""
    text = V6.replace(
        r'"V4\022\000\000\001\000\0012\233B\020RT\000\0224V"', "56:34:12:00:00:03:00:01:52:54:00:12:34:56"
    )

    assert held("isc-dhcpd", text)[0].duid == "00:03:00:01:52:54:00:12:34:56"


def test_an_ipv6_address_that_is_released_or_abandoned_is_over() -> None:
    """As with IPv4: who had it, and that nobody has it."""
    gone = V6.replace("active", "released").replace("13:03:07", "12:55:00")

    assert spans(held("isc-dhcpd", gone))[0][:2] == ("12:53:07", "12:55:00")
    assert spans(held("isc-dhcpd", V6.replace("active", "abandoned")))[0][:2] == ("12:53:07", "12:53:07")


def test_what_is_no_lease_is_passed_over() -> None:
    """Failover's state, hosts that were added while it ran, and what is to be done on expiry."""
    text = """failover peer "pair" state {
  my state normal at 0 2026/11/22 12:00:00;
  partner state normal at 0 2026/11/22 12:00:00;
}
host printer {
  dynamic;
  hardware ethernet 52:54:00:00:00:04;
}
"""
    event = '  on expiry or release {\n    if option x {\n      execute("/bin/true");\n    }\n  }\n}\n'

    assert len(held("isc-dhcpd", text + ACTIVE.removesuffix("}\n") + event + ACTIVE)) == 2


def test_a_block_that_was_cut_off_is_refused_and_the_next_one_read() -> None:
    """A server that died while writing leaves half a block; the file goes on behind it."""
    half = "".join(ACTIVE.splitlines(keepends=True)[:4])

    assert tell("isc-dhcpd", half + ACTIVE)[0] == Refused(1, "the block has no end")
    assert len(tell("isc-dhcpd", half + ACTIVE)) == 2
    assert tell("isc-dhcpd", half) == [Refused(1, "the block has no end")]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("12:53:07", "12:53", 2, "the time is not HH:MM:SS: the lease is left out"),
        ("2026/11/22", "2026/13/22", 2, "there is no such date: the lease is left out"),
        ("0 2026/11/22", "secret", 2, "the time is not written as dhcpd does: the lease is left out"),
        ("52:54:00:12:34:56", "secret", 8, "there is no MAC address where one belongs: the lease is left out"),
        ("10.30.0.70", "secret", 1, "there is no IP address where one belongs: the lease is left out"),
        ("state active", "state secret", 1, "the lease is in no state that is known"),
        ("13:03:07", "12:00:00", 1, "the lease ends before it begins"),
        ("rewind binding state free;", "secret", 7, "the line is no statement: the lease is left out"),
    ],
)
def test_a_broken_lease_is_refused_once_and_the_next_one_read(old: str, new: str, line: int, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("isc-dhcpd", ACTIVE.replace(old, new, 1) + ACTIVE)

    assert told[0] == Refused(line, reason)
    assert [type(each) for each in told] == [Refused, Tenancy]


def test_another_file_is_refused() -> None:
    """Line by line, without quoting it."""
    assert tell("isc-dhcpd", "secret\nsecret {\n  a;\n}\n}\n") == [
        Refused(1, "the line is no statement"),
        Refused(2, "the block is no lease"),
        Refused(5, "a block ends that did not begin"),
    ]


def test_a_lease_to_nobody_who_is_named_ends_the_one_before() -> None:
    """A client id alone names no device: whoever it is, it is another holding."""
    text = ACTIVE.replace("  hardware ethernet 52:54:00:12:34:56;\n", "").replace(
        '  client-hostname "alice-laptop";\n', ""
    )

    assert spans(held("isc-dhcpd", text)) == [("12:53:07", "12:53:07", "10.30.0.70", None, 1)]


def test_guests_have_no_names() -> None:
    """A lease without a host name is one by its MAC."""
    text = ACTIVE.replace('  client-hostname "alice-laptop";\n', "").replace(ALICE, GUEST)

    assert (held("isc-dhcpd", text)[0].mac, held("isc-dhcpd", text)[0].host) == (GUEST, None)
