"""What holds for every reader of identity sources, whatever a file holds.

Files are damaged samples: bytes that changed, lines that are missing, doubled or cut, an end in the middle.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import tempfile
import tracemalloc
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.identity.follow import Following
from auditor.identity.readers import conntrack, ldif, nft_log
from auditor.identity.readers.lines import Lines
from auditor.identity.readers.registry import READERS, Reading, Refused, read
from auditor.model.identity import Enrolment, Tenancy
from auditor.model.text import harmless
from tests.build.identity import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from auditor.identity.readers.registry import Told

FOLDER = Path(__file__).parents[2] / "samples" / "identity"
SAMPLES = {
    "DhcpSrvLog-Sun.log": "windows-dhcp",
    "VPN Users.csv": "ad-groups",
    "conntrack.log": "conntrack",
    "dhcp.json.log": "zeek-dhcp",
    "dhcp.log": "zeek-dhcp",
    "dhcpd.leases": "isc-dhcpd",
    "dhcpd6.leases": "isc-dhcpd",
    "dnsmasq.leases": "dnsmasq",
    "groups.ldif": "ldif",
    "kea-leases4.csv": "kea",
    "kea-leases6.csv": "kea",
    "neighbours.log": "neighbours",
    "networks.cfg": "zeek-networks",
    "nft.log": "nft-log",
    "people.csv": "intervals",
    "radius-detail": "freeradius",
    "users-utf16.csv": "ad-groups",
}
"""Each file of ``samples/identity``, and its kind."""
NAMES = ("alice", "guest", "bob", "Smith", "corp", "52:54", "5254", "10.20", "10.30", "203.0", "2001", "00:01")
"""What stands in the samples and may stand in no refusal."""
READING = Reading(
    "test",
    "sample",
    ZoneInfo("Europe/Berlin"),
    taken=moment("13:06:00"),
    year=2026,
    prefixes=("nat-before:", "nat-after:"),
)
MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
DUID = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){0,129}")
PEAK = 24 << 20
"""Bytes that a reader may come to hold of a file that is made to make it hold much."""

every_sample = pytest.mark.parametrize("name", SAMPLES)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw a file with a few things wrong with it."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        end = draw(st.integers(at, min(len(data), at + 200)))
        change = draw(st.sampled_from(("byte", "cut", "out", "twice", "insert", "swap")))
        if change == "byte":
            data = data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
        elif change == "cut":
            data = data[:at]
        elif change == "out":
            data = data[:at] + data[end:]
        elif change == "twice":
            data = data[:end] + data[at:end] * draw(st.integers(1, 3)) + data[end:]
        elif change == "insert":
            data = data[:at] + draw(st.sampled_from(BITS) | st.binary(max_size=40)) + data[at:]
        else:
            lines = data.splitlines(keepends=True)
            data = b"".join(draw(st.permutations(lines)))
    return data


BITS = (
    *(b"\n", b"{\n", b"}\n", b"[", b"]", b'"', b"\\", b",", b"\t", b"\0", b"\r\n", b"\xff\xfe", b"\x1f\x8b"),
    *(b"&#x00", b"\\x00", b"-1", b"9" * 30, b"1e999", b"[" * 5000, b"0.0.0.0", b"::ffff:10.30.0.70%eth0", b"/"),
)


def _read(kind: str, data: bytes) -> list[Told]:
    return list(read(kind, Lines(io.BytesIO(data), READERS[kind].longest), READING))


def _unplaced(told: list[Told]) -> list[str]:
    """Return statements without their lines, in a fixed order."""
    return sorted(repr(each._replace(line=None)) for each in told if not isinstance(each, Refused))  # type: ignore[arg-type]


def test_every_sample_and_every_kind_is_here() -> None:
    """A reader comes with a sample, and a sample is read."""
    assert {path.name for path in FOLDER.iterdir()} - {"README.md"} == set(SAMPLES)
    assert set(SAMPLES.values()) == set(READERS)


@every_sample
def test_a_sample_is_read_whole(name: str) -> None:
    """No line of it is refused, and something is said."""
    told = _read(SAMPLES[name], (FOLDER / name).read_bytes())

    assert told
    assert not [each for each in told if isinstance(each, Refused)]


@every_sample
@given(data=st.data())
@settings(max_examples=150)
def test_a_damaged_file_is_survived(name: str, data: st.DataObject) -> None:
    """Nothing is raised, nobody is quoted, and what is said is of the types it should be."""
    text = data.draw(damaged((FOLDER / name).read_bytes()))

    for each in _read(SAMPLES[name], text):
        if isinstance(each, Refused):
            assert 0 < each.line <= text.count(b"\n") + 2
            assert not [name for name in NAMES if name in each.reason]
        elif isinstance(each, Tenancy):
            _check(each)
        else:
            assert isinstance(each, Enrolment) or (each.start >= 0 and (each.end is None or each.end >= each.start))


def _check(tenancy: Tenancy) -> None:
    assert tenancy.start >= 0
    assert tenancy.end is None or tenancy.end >= tenancy.start
    assert tenancy.ip is None or isinstance(tenancy.ip, IPv4Address | IPv6Address)
    assert tenancy.mac is None or MAC.fullmatch(tenancy.mac)
    assert tenancy.duid is None or DUID.fullmatch(tenancy.duid)
    for text in (tenancy.host, tenancy.user):
        assert text is None or (text and harmless(text, 4096) == text)


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"users-utf16.csv"}))
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_growing_file_says_what_the_whole_one_does(name: str, data: st.DataObject) -> None:
    """Wherever writes and polls part it."""
    text = (FOLDER / name).read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        following = Following(SAMPLES[name], path, READING)
        told: list[Told] = []
        for begin, end in itertools.pairwise([0, *cuts, len(text)]):
            with path.open("ab") as file:
                file.write(text[begin:end])
            os.utime(path, ns=(READING.taken or 0, READING.taken or 0))
            told += following.poll()
        told += following.rest()
        following.close()

    assert told == _read(SAMPLES[name], text)


def _lines(text: bytes) -> list[bytes]:
    return text.splitlines(keepends=True)


def _leases(text: bytes) -> list[bytes]:
    """Leave out what Kea deleted: such a row leans on the one before it."""
    return [line for line in _lines(text) if b",0,179" not in line]


def _blocks(text: bytes) -> list[bytes]:
    """Part a lease file of dhcpd into its blocks."""
    return re.findall(rb"(?m)^(?:lease|ia-)[^{]*\{\n(?:.*\n)*?\}\n", text)


def _records(text: bytes) -> list[bytes]:
    """Part a directory's export into its records."""
    return [record + b"\n\n" for record in text.split(b"\n\n")]


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("DhcpSrvLog-Sun.log", 25, _lines),
        ("dhcp.json.log", 0, _lines),
        ("dhcp.log", 8, _lines),
        ("dhcpd.leases", 0, _blocks),
        ("dhcpd6.leases", 0, _blocks),
        ("dnsmasq.leases", 4, _lines),
        ("kea-leases4.csv", 1, _leases),
        ("kea-leases6.csv", 1, _lines),
        ("VPN Users.csv", 2, _lines),
        ("networks.cfg", 0, _lines),
        ("people.csv", 1, _lines),
        ("groups.ldif", 0, _records),
    ],
)
@given(data=st.data())
@settings(max_examples=15)
def test_each_row_stands_for_itself(
    name: str, head: int, part: Callable[[bytes], list[bytes]], data: st.DataObject
) -> None:
    """In any order the same is said; only the directory makes one of what rows say together."""
    rows = part((FOLDER / name).read_bytes())
    shuffled = data.draw(st.permutations(rows[head:]))

    assert _unplaced(_read(SAMPLES[name], b"".join(rows[:head] + shuffled))) == _unplaced(
        _read(SAMPLES[name], b"".join(rows))
    )


GREEDY = {
    "isc-dhcpd": [b"lease 10.30.0.70 {", b"  on expiry {", b'  client-hostname "' + b"a" * 60_000 + b'";'],
    "kea": [b"address,valid_lifetime,expire," + b"x," * 30_000, b"," * 60_000, b"10.30.0.70," + b"1" * 60_000],
    "dnsmasq": [b" " * 60_000, b"1 " + b"a" * 60_000, b"duid"],
    "windows-dhcp": [b"10," + b"," * 60_000, b"10,11/22/26,12:53:07,a,10.30.0.70," + b"b" * 60_000 + b",,"],
    "zeek-dhcp": [
        b'{"mac":' * 8_000,
        b"#fields\t" + b"a\t" * 30_000,
        b"#separator " + b"\\x09" * 15_000,
        b"\t" * 60_000,
    ],
    "conntrack": [
        b"[1795338300.1]\t    [NEW] tcp      6 120 SYN_SENT " + b"src=" * 250,
        b"[1795338300.1]\t    [NEW] udp 17 30 src=1 dst=2 sport=3 dport=4 " + b"src=1 dst=2 sport=3 dport=4" * 30,
    ],
    "freeradius": [
        b"Sun Nov 22 09:00:00 2026",
        *(b'\tUser-Name = "' + b"a" * 16_000 + b'"',) * 20,
        b"\tAcct-Status-Type = Start",
        b'\tAcct-Session-Id = "' + b"\\" * 16_000 + b'"',
        b"\tClass = 0x" + b"61" * 8_000,
        b"\tTimestamp = 1795338000",
        b"",
    ],
    "intervals": [b"ip,user,group", b"10.0.0.1," + b"a" * 30_000 + b"," + b"b;" * 15_000, b'"' * 60_000],
    "ldif": [
        b"dn: CN=" + b"a" * 60_000,
        b" " + b"a" * 60_000,
        b"member:: " + b"Q049" * 15_000,
        b"dn: CN=" + b"a=" * 4_000,
        b"memberOf: CN=" + b" " * 16_000 + b'"',
        b"uid: " + b"a" * 16_000,
    ],
    "ad-groups": [
        b"SamAccountName,MemberOf",
        b"alice," + b"CN=" + b"a" * 60_000,
        b"b" * 30_000 + b',"CN=' + b"a\\;" * 8_000 + b'"',
    ],
    "nft-log": [
        b"Nov 22 10:05:00 gw kernel: nat-before: " + b"IN= OUT= " * 400,
        b"Nov 22 10:05:00 gw kernel: nat-before: IN= OUT= SRC=1.1.1.1 DST=2.2.2.2 LEN=1 " + b"PROTO=TCP SPT=1 " * 200,
    ],
    "zeek-networks": [b"10.0.0.0/8 " + b"a" * 1_000, b"1" * 1_000],
    "neighbours": [b"1", b"[ {", b'"a": "' + b"b" * 15_000 + b'",', b'"c": 1', b"[" + b"[]," * 15_000 + b"1]"],
}
"""Lines that would have a careless reader of their kind keep them."""


@pytest.mark.parametrize("kind", GREEDY)
def test_memory_does_not_grow_with_the_file(kind: str) -> None:
    """Blocks that do not end, columns by the thousand, deep nesting: hundreds of such lines."""
    lines = itertools.islice(itertools.cycle(GREEDY[kind]), 100)
    tracemalloc.start()
    for _ in read(kind, lines, READING):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < PEAK


def test_memory_does_not_grow_with_neighbours_that_come_and_go() -> None:
    """Only those of one snapshot are kept."""
    lines = (
        line
        for number in range(5_000)
        for line in (
            b"%d" % (1_795_352_100 + number),
            b'[{"dst":"10.%d.%d.1","lladdr":"52:54:00:12:34:56","state":["STALE"]}]' % (number >> 8, number & 0xFF),
        )
    )
    tracemalloc.start()
    for _ in read("neighbours", lines, READING):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < PEAK


def _numbered(kind: str, count: int) -> Iterator[bytes]:
    """Yield what never ends: every line opens something."""
    for number in range(count):
        if kind == "conntrack":
            ends = b"src=10.20.0.31 dst=198.51.100.1 sport=%d dport=6881" % (number & 0xFFFF)
            back = b"src=198.51.100.1 dst=203.0.113.7 sport=6881 dport=%d" % (number & 0xFFFF)
            yield b"[%d.5]\t    [NEW] tcp 6 120 SYN_SENT %b [UNREPLIED] %b id=%d" % (number, ends, back, number)
        elif kind == "nft-log":
            ends = b"SRC=10.20.0.31 DST=198.51.100.1 LEN=60 ID=%d PROTO=TCP SPT=51413 DPT=%d" % (
                number >> 16,
                number & 0xFFFF,
            )
            yield b"Nov 22 10:05:00 gw kernel: nat-before: IN= OUT= " + ends
        else:
            yield b"dn: CN=user %d,DC=example" % number
            yield b"sAMAccountName: user%d" % number
            yield b"member: CN=other %d,DC=example" % number
            yield b""


@pytest.mark.parametrize(
    ("kind", "module", "caps"),
    [
        ("conntrack", conntrack, {"MAX_OPEN": 1000}),
        ("nft-log", nft_log, {"MAX_WAITING": 1000}),
        ("ldif", ldif, {"MAX_KNOWN": 1000, "MAX_WAITING": 1000, "MAX_MEMBERSHIPS": 1000}),
    ],
)
def test_what_is_open_is_capped(
    kind: str, module: ModuleType, caps: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flows, rows and records without an end: the oldest are let go."""
    for cap, value in caps.items():
        monkeypatch.setattr(module, cap, value)
    tracemalloc.start()
    for _ in read(kind, _numbered(kind, 20_000), READING):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < PEAK
