"""What frames show of who has which address: kept, forgotten, and asked for in its time."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.model.binding import FOREVER, Known
from auditor.model.identity import Offset
from auditor.model.watch import Delta
from auditor.sensor.seen import AGAIN, AHEAD, KEPT, LATER, SOON, Limits, Seen, is_another
from tests.build.sensing import ClockByHand
from tests.build.sighting import HOURS, NINE, SECOND, binding, lease

if TYPE_CHECKING:
    from auditor.model.flow import Address

PHONE, LAPTOP = "52:54:00:00:00:01", "52:54:00:00:00:02"
ONE, OTHER = "10.40.9.9", "10.40.9.10"


class Kept:
    """What keeps frames, with a clock and hosts of a test."""

    def __init__(self, *, most: int = 1000, left: int = 750, earlier: Known = Known()) -> None:  # noqa: B008
        self.clock = ClockByHand()
        self.hosts: set[Address] = set()
        self.asked = 0
        self.costs = 0.0
        limits = Limits(most, left)
        self.seen = Seen(self.clock, lambda: self.hosts, lambda: ["mirror0"], self._build, limits, earlier)

    def _build(self) -> None:
        self.asked += 1
        self.clock.move(self.costs)
        self.seen.sighting()

    def host(self, ip: str) -> None:
        """Let a host have an incident."""
        self.hosts.add(ip_address(ip))

    def look_after(self, nanoseconds: int) -> int:
        """Let time pass; return how often it was asked for by then."""
        self.clock.move(nanoseconds / SECOND)
        self.seen.look()
        return self.asked


def test_what_is_kept_names_where_it_was_seen() -> None:
    """By the interface; one that nobody knows has a number."""
    kept = Kept()
    strange = lease(OTHER, LAPTOP)
    kept.seen.take(Delta(leases=(lease(ONE, PHONE), strange._replace(at=strange.at._replace(frame=(1, 5))))))

    assert [each.path for each in kept.seen.sighting().captures] == ["mirror0", "interface 2"]


def test_a_binding_that_goes_on_is_one() -> None:
    """The latest word of it counts; one that begins after it ended is another. What DHCP binds, the lease says."""
    kept = Kept()
    first, later = binding(ONE, PHONE, at=NINE), binding(ONE, PHONE, at=NINE + 30 * HOURS)
    longer = first._replace(last=first.last._replace(time=NINE + HOURS), times=9)
    kept.seen.take(Delta(bindings=(first,)))
    kept.seen.take(Delta(bindings=(longer, binding(OTHER, PHONE)._replace(kind="dhcp"))))
    kept.seen.take(Delta(bindings=(later,)))

    assert kept.seen.sighting().bindings == (longer, later)
    assert kept.seen.sizes == {"seen_leases": 0, "seen_bindings": 2}


def test_the_order_is_that_of_an_audit() -> None:
    """However it came."""
    each = [lease(ONE, PHONE, at=NINE + number * SECOND, frame=number) for number in range(20)]
    spoken = [binding(f"10.40.0.{number}", PHONE) for number in range(20)]
    kept = Kept()
    kept.seen.take(Delta(leases=tuple(each[10:]), bindings=tuple(spoken[10:])))
    kept.seen.take(Delta(leases=tuple(each[9::-1]), bindings=tuple(spoken[9::-1])))

    sighting = kept.seen.sighting()
    assert sighting.leases == tuple(each)
    assert sighting.bindings == tuple(spoken)


def test_what_is_over_for_long_is_forgotten() -> None:
    """Not what holds still, nor what is said of a host with an incident; a lease that was renewed holds by its last."""
    kept = Kept()
    kept.host(OTHER)
    old = [
        lease("10.40.0.1", PHONE),
        lease("10.40.0.2", PHONE, seconds=FOREVER),
        lease("10.40.0.3", PHONE, seconds=300 * 3600),
        lease("10.40.0.3", PHONE, seconds=300 * 3600, at=NINE + HOURS),
        lease(OTHER, LAPTOP),
    ]
    spoken = [binding("10.40.0.1", PHONE), binding(OTHER, LAPTOP)]
    kept.seen.take(Delta(leases=tuple(old), bindings=tuple(spoken), seen_until=NINE + HOURS))
    assert len(kept.seen.sighting().leases) == 5
    kept.seen.take(Delta(seen_until=NINE + KEPT + 4 * HOURS))

    sighting = kept.seen.sighting()
    assert set(sighting.leases) == {old[1], old[3], old[4]}
    assert sighting.bindings == (spoken[1],)
    assert kept.seen.limits_hit == {}


def test_a_clock_that_was_ahead_makes_nothing_old_once_it_is_right() -> None:
    """What was said by the right clock stays."""
    kept = Kept()
    kept.seen.take(Delta(seen_until=NINE + 9000 * HOURS))
    kept.seen.take(Delta(seen_until=NINE))
    kept.seen.take(Delta(leases=(lease(ONE, PHONE, at=NINE + HOURS),), seen_until=NINE + 2 * HOURS))

    assert len(kept.seen.sighting().leases) == 1


def test_where_there_is_no_room_hosts_with_incidents_stay() -> None:
    """Whoever makes up devices pushes out what was said longest ago, and it is counted."""
    kept = Kept(most=100, left=75)
    kept.host(OTHER)
    kept.seen.take(Delta(leases=(lease(OTHER, LAPTOP),), bindings=(binding(OTHER, LAPTOP),), seen_until=NINE))
    made_up = [f"10.40.{number // 200}.{number % 200}" for number in range(300)]
    for number, ip in enumerate(made_up):
        at = NINE + number * SECOND
        kept.seen.take(Delta(leases=(lease(ip, PHONE, at=at),), bindings=(binding(ip, PHONE, at=at),), seen_until=at))

    sighting = kept.seen.sighting()
    assert len(sighting.leases) <= 100
    assert len(sighting.bindings) <= 100
    for found in (sighting.leases, sighting.bindings):
        assert {str(each.ip) for each in found} >= {OTHER, made_up[-1]}
    assert set(kept.seen.limits_hit) == {"seen_leases", "seen_bindings"}
    assert kept.seen.limits_hit["seen_leases"] == 301 - len(sighting.leases)


def test_the_first_word_is_asked_for_at_once_and_the_next_later() -> None:
    """For hosts without an incident."""
    kept = Kept()
    assert kept.look_after(LATER) == 0
    kept.seen.take(Delta(leases=(lease(ONE, PHONE),)))
    assert kept.look_after(0) == 1
    assert kept.look_after(LATER) == 1
    kept.seen.take(Delta(leases=(lease(OTHER, LAPTOP),)))
    assert kept.look_after(0) == 2
    kept.seen.take(Delta(bindings=(binding(ONE, PHONE),)))
    assert kept.look_after(LATER - SECOND) == 2
    assert kept.look_after(SECOND) == 3


def test_a_host_with_an_incident_waits_less() -> None:
    """Also one whose incident begins after the frame."""
    kept = Kept()
    kept.seen.take(Delta(leases=(lease(ONE, PHONE),)))
    kept.look_after(0)
    kept.seen.take(Delta(leases=(lease(ONE, PHONE, at=NINE + HOURS),)))
    assert kept.look_after(SOON) == 1
    kept.host(ONE)
    kept.seen.take(Delta())
    assert kept.look_after(0) == 2


def test_a_device_that_still_has_its_address_is_little_news() -> None:
    """That it is a router's is more."""
    kept = Kept()
    kept.host(ONE)
    first = binding(ONE, PHONE)
    again = first._replace(last=first.last._replace(time=NINE + HOURS))
    kept.seen.take(Delta(bindings=(first,)))
    kept.look_after(0)
    kept.seen.take(Delta(bindings=(again,)))
    assert kept.look_after(AGAIN - SECOND) == 1
    assert kept.look_after(SECOND) == 2
    kept.seen.take(Delta(bindings=(again._replace(shared=True),)))
    assert kept.look_after(SOON) == 3


def test_what_takes_long_is_done_seldom() -> None:
    """A tenth of the time at most."""
    kept = Kept()
    kept.host(ONE)
    kept.costs = 20.0
    kept.seen.take(Delta(leases=(lease(ONE, PHONE),)))
    kept.look_after(0)
    kept.seen.take(Delta(leases=(lease(ONE, PHONE, at=NINE + HOURS),)))
    assert kept.look_after(199 * SECOND) == 1
    assert kept.look_after(SECOND) == 2


def test_captures_that_are_played_wait_for_it() -> None:
    """However often there is news; where it takes long, each few hours of the frames; and at the end."""
    kept = Kept()
    kept.seen.take(Delta(leases=(lease(ONE, PHONE),), seen_until=NINE))
    kept.seen.look_ahead(is_over=False)
    kept.seen.look_ahead(is_over=False)
    assert kept.asked == 1
    kept.costs = 20.0
    kept.seen.take(Delta(leases=(lease(OTHER, PHONE),), seen_until=NINE))
    kept.seen.look_ahead(is_over=False)
    assert kept.asked == 2
    kept.seen.take(Delta(leases=(lease(OTHER, LAPTOP),), seen_until=NINE + AHEAD - 1))
    kept.seen.look_ahead(is_over=False)
    assert kept.asked == 2
    kept.seen.take(Delta(seen_until=NINE + AHEAD))
    kept.seen.look_ahead(is_over=False)
    assert kept.asked == 3
    kept.seen.take(Delta(bindings=(binding(ONE, PHONE),), seen_until=NINE + AHEAD, is_over=True))
    kept.seen.look_ahead(is_over=True)
    assert kept.asked == 4


def test_a_clock_within_its_margin_is_the_same() -> None:
    """One that is known by now, or is off by more, is not."""
    measured = Offset("measured", 3600 * SECOND, SECOND)
    assert not is_another(measured, measured._replace(nanoseconds=3601 * SECOND, matches=9))
    assert is_another(measured, measured._replace(nanoseconds=3602 * SECOND))
    assert is_another(Offset("unknown"), measured)


def test_what_an_earlier_run_knew_is_asked_for_at_once() -> None:
    """It is told where it was seen, and that it was earlier: numbers of frames begin anew with a run."""
    first = Kept()
    first.seen.take(Delta(leases=(lease(ONE, PHONE),), bindings=(binding(OTHER, LAPTOP),)))

    second = Kept(earlier=first.seen.known())
    assert second.look_after(0) == 1
    second.seen.take(Delta(leases=(lease(OTHER, PHONE),)))
    third = Kept(earlier=second.seen.known())
    sighting = third.seen.sighting()

    assert [each.path for each in sighting.captures] == ["mirror0", "mirror0, an earlier run"]
    assert [each.at.frame[0] for each in sighting.leases] == [1, 1]
    assert [each.first.frame[0] for each in sighting.bindings] == [1]
    assert {each.ip for each in sighting.leases} == {ip_address(ONE), ip_address(OTHER)}


def test_what_an_earlier_run_knew_is_forgotten_like_everything_else() -> None:
    """By the frames' time, once there is any."""
    first = Kept()
    first.seen.take(Delta(leases=(lease(ONE, PHONE),), bindings=(binding(OTHER, LAPTOP),)))

    second = Kept(earlier=first.seen.known())
    second.seen.take(Delta(seen_until=NINE + KEPT + 2 * HOURS))

    assert second.seen.sizes == {"seen_leases": 0, "seen_bindings": 0}
