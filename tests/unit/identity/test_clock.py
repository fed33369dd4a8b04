"""Clocks of sources, measured against frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.engine import CapturePath, Options, sight
from auditor.identity.clock import MAX_ROWS, Clocks
from auditor.identity.readers.dhcpd import Dhcpd
from auditor.identity.readers.reader import Reading
from auditor.model.identity import Enrolment, Offset, SourceLine, Tenancy, Trust
from auditor.model.moment import HOUR, MINUTE
from tests.build.sighting import NINE, SECOND, binding, lease, sighting

if TYPE_CHECKING:
    from auditor.model.binding import Binding, Lease
    from auditor.model.identity import Statement

HANDOVER = Path(__file__).parents[3] / "samples" / "handover"
UNKNOWN = Offset("unknown")
LINE = SourceLine("dhcp", "leases", 1)


@dataclass
class Network:
    """Leases as they happen: frames of them, and lines with the source's own times."""

    behind: int = 0
    """How far the source's clock is behind."""
    lasting: int = 8 * HOUR
    leases: list[Lease] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    rows: list[Statement] = field(default_factory=list)

    def lease(
        self, host: int, minute: int, *, jitter: int = 0, framed: bool = True, rows: bool = True, again: bool = False
    ) -> None:
        """A host gets its address, or goes on with it."""
        at, (ip, mac) = NINE + minute * MINUTE, self.host(host)
        if framed:
            self.leases.append(lease(ip, mac, at=at + jitter, seconds=self.lasting // SECOND, renewed=again))
        if rows:
            start = at - self.behind
            self.rows.append(Tenancy(start, start + self.lasting, Trust.LEASED, LINE, ip=ip_address(ip), mac=mac))

    def release(self, host: int, minute: int) -> None:
        """A host gives its address back."""
        at, (ip, mac) = NINE + minute * MINUTE, self.host(host)
        self.leases.append(lease(ip, mac, at=at, event="released"))
        self.rows.append(Tenancy(at - self.behind, at - self.behind, Trust.LEASED, LINE, ip=ip_address(ip), mac=mac))

    @staticmethod
    def host(number: int) -> tuple[str, str]:
        """An address and a MAC."""
        return f"10.20.0.{number}", f"02:00:00:00:00:{number:02x}"

    def offset(self, declared: Offset | None = None) -> Offset:
        """What is found."""
        clocks = Clocks(sighting(leases=self.leases, bindings=self.bindings))
        assert list(clocks.watch(self.rows)) == self.rows
        return clocks.offsets({"dhcp": declared} if declared else {}).get("dhcp", UNKNOWN)


def test_a_source_an_hour_behind_is_found() -> None:
    """Three leases that agree are enough; the margin is a second at least."""
    network = Network(behind=HOUR)
    for host, minute in ((1, 3), (2, 11), (3, 12)):
        network.lease(host, minute)

    assert network.offset() == Offset("measured", HOUR, SECOND, 3)


def test_any_offset_is_found_with_its_spread() -> None:
    """It need not be of whole hours; what scatters widens the margin."""
    network = Network(behind=-(2 * HOUR + 1234 * SECOND), lasting=24 * HOUR)
    for host, jitter in enumerate((0, SECOND // 2, SECOND, SECOND // 4)):
        network.lease(host, 5 * host, jitter=jitter)

    found = network.offset()

    assert (found.basis, found.matches) == ("measured", 4)
    assert abs(found.nanoseconds + 2 * HOUR + 1234 * SECOND) <= found.margin < 2 * SECOND


def test_two_events_are_too_few() -> None:
    """They may agree by chance."""
    network = Network(behind=HOUR)
    network.lease(1, 3)
    network.lease(2, 11)

    assert network.offset() == UNKNOWN


def test_a_mean_of_what_does_not_agree_is_no_offset() -> None:
    """Each pair says something else."""
    network = Network()
    for host in range(6):
        network.lease(host, 10 * host, rows=False)
        network.lease(host, 10 * host + host * host, framed=False)

    assert network.offset() == UNKNOWN


def test_a_few_wrong_lines_do_not_move_it() -> None:
    """Most agree; the others are of other leases."""
    network = Network(behind=HOUR)
    for host in range(8):
        network.lease(host, 7 * host)
    network.lease(20, 5, rows=False)
    network.lease(20, 25, framed=False)

    assert network.offset()[:2] == ("measured", HOUR)


def test_renewals_alone_do_not_tell_one_period_from_the_next() -> None:
    """A row of equal steps fits when it is moved by one."""
    network = Network(behind=HOUR, lasting=20 * MINUTE)
    for host in range(5):
        for step in range(8):
            network.lease(host, host + 10 * step, again=True)

    assert network.offset() == UNKNOWN


def test_a_file_rewritten_after_the_capture_is_not_believed() -> None:
    """All leases were renewed since, at the same pace: the clock looks off by that, and is right."""
    network = Network(lasting=2 * HOUR)
    for host in range(9):
        network.lease(host, 4 * host, rows=False)
        network.lease(host, 4 * host + 60, framed=False)

    assert network.offset() == UNKNOWN


def test_addresses_that_change_hands_break_the_tie() -> None:
    """A lease begins once: by its frame, and by the line before, which has another holder."""
    network = Network(behind=HOUR, lasting=20 * MINUTE)
    for host in range(4):
        ip, _ = network.host(host)
        earlier = NINE - 3 * HOUR - network.behind
        gone = Tenancy(earlier, earlier + HOUR, Trust.LEASED, LINE, ip=ip_address(ip), mac=f"02:00:00:00:01:{host:02x}")
        network.rows.append(gone)
        for step in range(6):
            network.lease(host, host * host + 10 * step, again=step > 0)

    assert network.offset() == Offset("measured", HOUR, SECOND, 24)


def test_leases_given_back_break_the_tie() -> None:
    """They are, once."""
    network = Network(behind=2 * HOUR, lasting=20 * MINUTE)
    for host in range(3):
        for step in range(6):
            network.lease(host, host * host + 10 * step, again=True)
        network.release(host, host * host + 53)

    assert network.offset()[:2] == ("measured", 2 * HOUR)


def test_an_end_that_came_sooner_is_a_lease_given_back() -> None:
    """Some servers write the line again, with the end that it had."""
    network = Network(behind=2 * HOUR, lasting=20 * MINUTE)
    for host in range(3):
        ip, mac = network.host(host)
        begun = NINE - network.behind + host * MINUTE
        for step in range(4):
            network.lease(host, host + 10 * step, again=True)
        last = begun + 30 * MINUTE
        network.rows.append(Tenancy(last, last + 7 * MINUTE, Trust.LEASED, LINE, ip=ip_address(ip), mac=mac))
        network.leases.append(lease(ip, mac, at=last + network.behind + 7 * MINUTE, event="released"))

    assert network.offset()[:2] == ("measured", 2 * HOUR)


def test_announcements_tell_where_no_server_does() -> None:
    """Less exactly: a device announces its address some seconds after it got it."""
    network = Network(behind=HOUR)
    for host, after in enumerate((3, 4, 5, 6)):
        network.lease(host, 7 * host, framed=False)
        at = NINE + 7 * host * MINUTE + after * SECOND
        network.bindings.append(binding(*network.host(host), at=at, announced=[at]))

    found = network.offset()

    assert (found.basis, found.matches) == ("measured", 4)
    assert found.margin >= 10 * SECOND
    assert abs(found.nanoseconds - HOUR) <= found.margin


def test_a_measured_clock_goes_before_a_declared_one() -> None:
    """What is declared counts where nothing is measured."""
    declared, network = Offset("declared", 5 * SECOND), Network(behind=HOUR)
    assert network.offset(declared) == declared
    network.lease(1, 1)
    assert network.offset(declared) == declared
    network.lease(2, 2)
    network.lease(3, 3)

    assert network.offset(declared).basis == "measured"


def test_lists_and_what_is_supposed_have_no_clock() -> None:
    """They write down no event; membership of groups neither."""
    network = Network(behind=HOUR)
    for host in range(4):
        network.lease(host, host)
    network.rows = [
        Enrolment("pat", "staff", LINE),
        *(row._replace(trust=Trust.LISTED) for row in network.rows if isinstance(row, Tenancy)),
        *(row._replace(supposed=True) for row in network.rows if isinstance(row, Tenancy)),
    ]

    assert network.offset() == UNKNOWN


def test_what_a_source_says_of_others_is_not_kept() -> None:
    """A million lines about addresses that the capture does not tell of cost nothing."""
    network = Network(behind=HOUR)
    for host in range(4):
        network.lease(host, host)
    clocks = Clocks(sighting(leases=network.leases))
    foreign = Tenancy(NINE, None, Trust.LEASED, LINE, ip=ip_address("10.99.0.1"), mac="02:00:00:00:00:99")
    for _ in range(MAX_ROWS + 1):
        clocks.take(foreign)
    for row in network.rows:
        clocks.take(row)

    assert clocks.offsets()["dhcp"].basis == "measured"


def test_a_log_in_begins_once_however_often_its_lease_is_renewed() -> None:
    """Sessions of accounting, told in several records each, against leases that are renewed within them."""
    network = Network(behind=HOUR, lasting=10 * MINUTE)
    line = SourceLine("dhcp", "detail", 1)
    for host, minute in ((1, 3), (2, 31), (3, 52)):
        at, (ip, mac) = NINE + minute * MINUTE - HOUR, network.host(host)
        network.lease(host, minute, rows=False)
        network.lease(host, minute + 5, rows=False, again=True)
        network.rows += [
            Tenancy(start, start + 6 * MINUTE, Trust.AUTHENTICATED, line, ip=ip_address(ip), mac=mac, user="alice")
            for start in (at, at + 6 * MINUTE)
        ]

    assert network.offset() == Offset("measured", HOUR, SECOND, 3)


@pytest.mark.parametrize("off", [0, HOUR, -HOUR, 7 * 24 * HOUR])
def test_a_real_servers_file_is_found_at_any_offset(off: int) -> None:
    """ISC dhcpd's leases of ten minutes, one address, three devices: what was begun and given back decides."""
    inside = (ip_network("10.0.0.0/8"),)
    clocks = Clocks(sight([CapturePath(str(HANDOVER / "inside.pcapng"), "default")], Options(inside, digest=False)))
    reader = Dhcpd(Reading("dhcp", "dhcpd.leases"))
    for number, line in enumerate((HANDOVER / "dhcpd.leases").read_bytes().splitlines(keepends=True), 1):
        for told in reader.line(number, line):
            assert isinstance(told, Tenancy)
            assert told.end is not None
            clocks.take(told._replace(start=told.start - off, end=told.end - off))

    found = clocks.offsets()["dhcp"]

    assert (found.basis, found.matches) == ("measured", 9)
    assert abs(found.nanoseconds - off) <= found.margin
