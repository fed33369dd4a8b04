"""auditor.identity.readers.zeek_dhcp."""

from __future__ import annotations

import pytest

from auditor.identity.readers.registry import Refused
from auditor.model.identity import Tenancy
from auditor.model.moment import NANOSECONDS
from tests.build.identity import ALICE, held, moment, refused, spans, tell

FIELDS = (
    "#fields\tts\tuids\tclient_addr\tserver_addr\tmac\thost_name\tclient_fqdn\tdomain\trequested_addr\tassigned_addr\t"
    "lease_time\tclient_message\tserver_message\tmsg_types\tduration\n"
)
HEAD = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdhcp\n"
    "#open\t2026-11-22-12-53-07\n"
    + FIELDS
    + "#types\ttime\tset[string]\taddr\taddr\tstring\tstring\tstring\tstring\taddr\taddr"
    "\tinterval\tstring\tstring\tvector[string]\tinterval\n"
)
ROW = (
    "1795351987.124000\tCMnxGv1YFAUvoaADr2,CzdoL23dzCo4Zuq0d8\t10.30.0.70\t10.30.0.1\t52:54:00:12:34:56\talice-laptop"
    "\t-\tcorp.example\t10.30.0.70\t10.30.0.70\t600.000000\t-\t-\tDISCOVER,OFFER,REQUEST,ACK\t0.022753\n"
)
RELEASE = (
    "1795352500.750000\tCTiSqd2zP1dU0mx6Pb\t10.30.0.70\t10.30.0.1\t52:54:00:12:34:56\t-\t-\t-\t-\t-\t-\t-\t-\tRELEASE"
    "\t0.000000\n"
)
JSON = (
    '{"ts":1795351987.124,"uids":["CMnxGv1YFAUvoaADr2"],"client_addr":"10.30.0.70","mac":"52:54:00:12:34:56",'
    '"host_name":"alice-laptop","assigned_addr":"10.30.0.70","lease_time":600.0,'
    '"msg_types":["REQUEST","ACK"],"duration":0.022753}\n'
)
START = moment("12:53:07") + 124_000_000


def test_an_acknowledged_lease_is_held_for_its_lease_time() -> None:
    """Times are exact to the last decimal that is written."""
    (tenancy,) = held("zeek-dhcp", HEAD + ROW + "#close\t2026-11-22-14-00-00\n")

    assert (tenancy.start, tenancy.end) == (START, START + 600 * NANOSECONDS)
    assert (str(tenancy.ip), tenancy.mac, tenancy.host, tenancy.line.line) == ("10.30.0.70", ALICE, "alice-laptop", 9)


def test_json_says_the_same() -> None:
    """A line is an object, and needs no header."""
    (tenancy,) = held("zeek-dhcp", JSON)

    assert tenancy[:3] + tenancy[4:] == held("zeek-dhcp", HEAD + ROW)[0][:3] + held("zeek-dhcp", HEAD + ROW)[0][4:]


@pytest.mark.parametrize(
    "ts", ["1795351987.124", "1795351987124", '"2026-11-22T12:53:07.124000Z"', '"2026-11-22T12:53:07.124Z"']
)
def test_json_times_are_seconds_or_milliseconds_or_text(ts: str) -> None:
    """``JSON::TS_EPOCH``, ``TS_MILLIS`` and ``TS_ISO8601``."""
    assert held("zeek-dhcp", JSON.replace("1795351987.124", ts))[0].start == START


@pytest.mark.parametrize("messages", ["DISCOVER,OFFER", "REQUEST,NAK", "INFORM", "DISCOVER"])
def test_an_offer_is_no_lease(messages: str) -> None:
    """Only an acknowledgement assigns: the device may have taken another server's offer."""
    assert held("zeek-dhcp", HEAD + ROW.replace("DISCOVER,OFFER,REQUEST,ACK", messages)) == []


def test_an_acknowledgement_of_another_question_assigns_nothing() -> None:
    """INFORM is answered without an address."""
    text = ROW.replace("10.30.0.70\t600.000000", "-\t-").replace("DISCOVER,OFFER,REQUEST,ACK", "INFORM,ACK")

    assert held("zeek-dhcp", HEAD + text) == []


def test_a_release_ends_what_the_client_had() -> None:
    """It comes from the address itself."""
    assert spans(held("zeek-dhcp", HEAD + RELEASE)) == [("13:01:40", "13:01:40", "10.30.0.70", ALICE, 9)]


def test_the_header_says_what_parts_columns_and_what_is_unset() -> None:
    """Columns in another order, another separator, names of before 2.6, and several headers in one file."""
    text = (
        "#separator ,\n#unset_field,NONE\n#fields,assigned_ip,mac,ts,lease_time,host_name\n"
        "10.30.0.71,52:54:00:12:34:56,1795351987.0,600.0,NONE\n"
    )
    told = held("zeek-dhcp", text + HEAD + ROW)

    assert [(str(each.ip), each.host) for each in told] == [("10.30.0.71", None), ("10.30.0.70", "alice-laptop")]


def test_escapes_in_names_are_undone_and_made_harmless() -> None:
    """Zeek writes separators, and what is not printable, in hexadecimal."""
    assert held("zeek-dhcp", HEAD + ROW.replace("alice-laptop", "a\\x09b"))[0].host == "a\\tb"


def test_the_full_name_stands_in_for_the_host_name() -> None:
    """Option 81 where option 12 is missing."""
    text = ROW.replace("alice-laptop\t-", "-\talice-laptop.corp.example")

    assert held("zeek-dhcp", HEAD + text)[0].host == "alice-laptop.corp.example"


def test_a_lease_without_a_length_lasts() -> None:
    """As long as is known of the server, or until another lease."""
    text = HEAD + ROW.replace("600.000000", "-")

    assert held("zeek-dhcp", text)[0].end is None
    assert held("zeek-dhcp", text, lease=60 * NANOSECONDS)[0].end == START + 60 * NANOSECONDS
    assert held("zeek-dhcp", HEAD + ROW.replace("600.000000", "4294967295.000000"))[0].end is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW.replace("1795351987.124000", "secret"), "the time is not seconds since the epoch"),
        (ROW.replace("52:54:00:12:34:56", "secret"), "there is no MAC address where one belongs"),
        (ROW.replace("10.30.0.70\t600", "secret\t600"), "there is no IP address where one belongs"),
        (ROW.replace("600.000000", "secret"), "the time is not seconds since the epoch"),
        (ROW.replace("600.000000", "0.000000"), "the lease ends as it begins"),
        ('{"ts": secret}\n', "the line is no JSON object"),
        ("{" * 50_000 + "\n", "the line is no JSON object"),
        ('{"a":' * 9_000 + "\n", "the line is no JSON object"),
        (JSON.replace("1795351987.124", '"1960-01-01T00:00:00Z"'), "the time cannot be read"),
        (JSON.replace("1795351987.124", "9" * 4000), "the time cannot be read"),
        (JSON.replace("1795351987.124", "null"), "the time is not seconds since the epoch"),
    ],
)
def test_a_broken_row_is_refused_and_the_next_one_read(row: str, reason: str) -> None:
    """The refusal has the line and a reason, and never quotes."""
    told = tell("zeek-dhcp", HEAD + row + ROW)

    assert told[0] == Refused(9, reason)
    assert [type(each) for each in told] == [Refused, Tenancy]


def test_a_lease_to_nobody_who_is_named_ends_the_one_before() -> None:
    """Whoever it is, it is another holding."""
    (tenancy,) = held("zeek-dhcp", HEAD + ROW.replace("52:54:00:12:34:56\talice-laptop", "-\t-"))

    assert (tenancy.start, tenancy.end, tenancy.mac, tenancy.host) == (START, START, None, None)


def test_rows_without_columns_are_refused() -> None:
    """Another log of Zeek has a header too, and is none of DHCP."""
    assert refused("zeek-dhcp", ROW + "#fields\tts\tuid\n" + ROW) == [
        Refused(1, "the row has no names of columns above it"),
        Refused(2, "the columns are none of a DHCP log"),
        Refused(3, "the row has no names of columns above it"),
    ]
