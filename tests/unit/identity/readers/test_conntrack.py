"""auditor.identity.readers.conntrack. The lines are the real daemon's, but for the addresses of the last ones."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auditor.identity.readers import conntrack
from auditor.identity.readers.conntrack import IDLE, Conntrack
from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.model.identity import SourceLine, Translation
from auditor.model.moment import NANOSECONDS

READING = Reading("nat", "gw.log", vantage="wan")
T = 1_795_720_348
INSIDE = (ip_address("10.30.0.71"), 51614)
PUBLIC = (ip_address("203.0.113.7"), 37970)
REMOTE = (ip_address("198.51.100.1"), 6881)
ORIGINAL = "src=10.30.0.71 dst=198.51.100.1 sport=51614 dport=6881"
REPLY = "src=198.51.100.1 dst=203.0.113.7 sport=6881 dport=37970"
NEW = f"[{T}.478230]\t    [NEW] tcp      6 120 SYN_SENT {ORIGINAL} [UNREPLIED] {REPLY} id=943939339"
UPDATE = f"[{T}.478268]\t [UPDATE] tcp      6 432000 ESTABLISHED {ORIGINAL} {REPLY} [ASSURED] id=943939339"
DESTROY = (
    f"[{T + 4}.462491]\t[DESTROY] tcp      6 116 TIME_WAIT {ORIGINAL} packets=4 bytes=216 {REPLY} packets=2 bytes=112 "
    "[ASSURED] delta-time=4 id=943939339 [USERSPACE] portid=17727"
)


def told(*lines: str, reading: Reading = READING) -> list[Told]:
    """Read lines to the end."""
    return list(read("conntrack", [line.encode() for line in lines], reading))


def translations(*lines: str) -> list[Translation]:
    """Read lines of which none is refused."""
    found = told(*lines)
    assert all(isinstance(one, Translation) for one in found)
    return [one for one in found if isinstance(one, Translation)]


def test_a_masked_flow_is_told_when_it_ends() -> None:
    """Under masquerading the answer's destination is the public endpoint."""
    assert told(NEW, UPDATE, DESTROY) == [
        Translation(
            T * NANOSECONDS + 462_491_000,  # DESTROY tells that it began 4 seconds before
            (T + 4) * NANOSECONDS + 462_491_000,
            SourceLine("nat", "gw.log", 1),
            "tcp",
            INSIDE,
            PUBLIC,
            REMOTE,
            "wan",
        )
    ]


def test_extended_lines_and_lines_without_a_number_are_read_alike() -> None:
    """``-o timestamp,id,extended`` adds the layer below, ``-o timestamp`` leaves the number out."""
    extended = [line.replace("] tcp", "] ipv4     2 tcp") for line in (NEW, UPDATE, DESTROY)]
    numberless = [line.replace(" id=943939339", "") for line in (NEW, UPDATE, DESTROY)]

    assert told(*extended) == told(*numberless) == told(NEW, UPDATE, DESTROY)


def test_a_port_forwarding_is_told_from_the_inside_host() -> None:
    """The first tuple's destination is the public endpoint there, and the answer comes from the host."""
    original = "src=203.0.113.1 dst=203.0.113.7 sport=55496 dport=51413"
    reply = "src=10.30.0.71 dst=203.0.113.1 sport=51413 dport=55496"

    (one,) = translations(f"[{T}.5]\t[DESTROY] tcp      6 117 TIME_WAIT {original} {reply} [ASSURED] delta-time=2 id=9")

    assert (one.inside, one.public, one.remote) == (
        (ip_address("10.30.0.71"), 51413),
        (ip_address("203.0.113.7"), 51413),
        (ip_address("203.0.113.1"), 55496),
    )
    assert one.start == (T - 2) * NANOSECONDS + 500_000_000


def test_a_host_that_reaches_another_by_the_public_address_has_both_translated() -> None:
    """Hairpinning masks the one and forwards to the other."""
    original = "src=10.30.0.71 dst=203.0.113.7 sport=4000 dport=51413"
    reply = "src=10.30.0.72 dst=10.30.0.1 sport=51413 dport=4000"

    found = translations(f"[{T}.5]\t[DESTROY] udp      17 {original} {reply} id=9")

    assert [(str(one.inside[0]), str(one.public[0])) for one in found] == [
        ("10.30.0.71", "10.30.0.1"),
        ("10.30.0.72", "203.0.113.7"),
    ]


def test_what_is_not_translated_says_nothing() -> None:
    """Nor does a protocol without ports; neither is an error."""
    ends = "src=2001:db8:30::71 dst=2001:db8:99::1 sport=58906 dport=6881"
    back = "src=2001:db8:99::1 dst=2001:db8:30::71 sport=6881 dport=58906"

    assert not told(
        f"[{T}.478277]\t    [NEW] tcp      6 120 SYN_SENT {ends} [UNREPLIED] {back} id=416596315",
        f"[{T}.438239]\t    [NEW] icmp     1 30 src=10.30.0.71 dst=198.51.100.1 type=8 code=0 id=17674 [UNREPLIED] "
        "src=198.51.100.1 dst=203.0.113.7 type=0 code=0 id=55648 id=3549348400",
    )


def test_a_flow_that_stands_is_sure_to_the_last_line_and_supposed_for_a_while() -> None:
    """Asked again when the file has grown, the answer is another."""
    reader = Conntrack(READING)
    assert not reader.line(1, NEW.encode())

    sure, supposed = reader.rest()

    assert isinstance(sure, Translation)
    assert isinstance(supposed, Translation)
    assert (sure.supposed, supposed.supposed) == (False, True)
    assert sure.end == supposed.start + 1000 == T * NANOSECONDS + 478_231_000
    assert supposed.end == supposed.start + IDLE["tcp"]
    assert len(reader.line(2, DESTROY.encode())) == 1
    assert not reader.rest()


def test_the_source_may_declare_how_long_a_flow_may_stand() -> None:
    """Instead of the RFCs' bounds."""
    *_, supposed = told(NEW, reading=READING._replace(idle=NANOSECONDS))

    assert isinstance(supposed, Translation)
    assert supposed.end == supposed.start + NANOSECONDS


def test_a_flow_that_began_before_the_file_is_told_from_its_first_line() -> None:
    """An UPDATE shows that it stands."""
    end = DESTROY.replace("delta-time=4 ", "")

    (one,) = translations(UPDATE, end)

    assert one.start == T * NANOSECONDS + 478_268_000


def test_a_number_that_comes_again_for_another_flow_ends_the_first() -> None:
    """Its DESTROY was lost."""
    other = NEW.replace("51614", "51615").replace(f"{T}.", f"{T + 9}.")

    first, *_ = translations(NEW, other)

    assert (first.inside, first.end) == (INSIDE, (T + 9) * NANOSECONDS + 478_230_000)


def test_open_flows_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that began first is told as far as it is known, and counted."""
    monkeypatch.setattr(conntrack, "MAX_OPEN", 1)

    first, supposed, *_, refused = told(NEW, NEW.replace("51614", "51615").replace("id=9", "id=8"))

    assert isinstance(first, Translation)
    assert isinstance(supposed, Translation)
    assert (first.inside, first.supposed, supposed.supposed) == (INSIDE, False, True)
    assert refused == Refused(2, "1 flows were let go before their end: more than 1 stood at once")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (NEW.partition("\t")[2], "the event has no time: run conntrack with -o timestamp,id"),
        (NEW.replace("10.30.0.71", "10.30.0.371"), "there is no IP address where one belongs"),
        (NEW.replace("51614", "71614"), "a port is beyond 65535"),
        (NEW.replace(f"{T}.", "."), "the time is not seconds since the epoch"),
        ("WARNING: We have hit ENOBUFS! We are losing events.", "conntrack says here that it lost events"),
        ("conntrack v1.4.7 (conntrack-tools): 27 flow events", "this is no event of conntrack -E -o timestamp,id"),
        (NEW[:90], "this is no event of conntrack -E -o timestamp,id"),
    ],
)
def test_what_is_no_event_is_refused_by_its_line(line: str, reason: str) -> None:
    """And the reader goes on."""
    first, second = told(line, NEW, DESTROY)

    assert first == Refused(1, reason)
    assert isinstance(second, Translation)
