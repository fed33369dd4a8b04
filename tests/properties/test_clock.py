"""A source's clock is found, or said to be unknown; it is never found wrong."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import groupby
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st

from auditor.identity.clock import USUAL_FAULT, Clocks
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.model.moment import HOUR, MINUTE
from tests.build.sighting import NINE, SECOND, lease, sighting
from tests.properties.seeing import examples

LINE = SourceLine("dhcp", "leases", 1)


class Happened(NamedTuple):
    """What a server did: it gave an address, once more or anew, or took it back."""

    time: int
    address: int
    device: int
    again: bool
    over: bool


class Network(NamedTuple):
    """All that happened, how long leases last, and what of it a capture and a file have."""

    happened: tuple[Happened, ...]
    lasting: int
    capture: tuple[int, int]
    """From when to when, after nine."""
    lost: frozenset[int]
    """Which frames the tap missed."""
    jitter: tuple[int, ...]
    unicast: bool
    """Renewals go past the tap."""
    begins: int
    """When the file was begun, or written anew with the last line of each address."""
    read: int
    """When it was read."""
    is_rewritten: bool
    offset: int


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Addresses pass from device to device, each of which renews its lease when half of it is over, to the second."""
    lasting = draw(st.sampled_from((10 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR)))
    happened: list[Happened] = []
    device = 0
    for address in range(draw(st.integers(1, 12))):
        now = draw(st.integers(0, lasting // SECOND)) * SECOND
        for _ in range(draw(st.integers(1, 3))):
            device += 1
            renewals = draw(st.integers(0, 9))
            for step in range(renewals + 1):
                happened.append(Happened(now, address, device, step > 0, False))
                now += lasting // 2
            if draw(st.booleans()):
                now -= draw(st.integers(1, lasting // 2 // SECOND - 1)) * SECOND
                happened.append(Happened(now, address, device, True, True))
            now += draw(st.integers(lasting // SECOND, 3 * lasting // SECOND)) * SECOND
    last = max(each.time for each in happened)
    moments = st.integers(0, last // SECOND).map(lambda seconds: seconds * SECOND)
    begun, ended = sorted((draw(moments), draw(moments) if draw(st.booleans()) else last))
    return Network(
        tuple(happened),
        lasting,
        (begun, ended),
        frozenset(draw(st.sets(st.integers(0, len(happened)), max_size=len(happened) // 4))),
        tuple(draw(st.lists(st.integers(0, SECOND), min_size=1, max_size=7))),
        draw(st.booleans()),
        draw(moments) if draw(st.booleans()) else 0,
        draw(moments) if draw(st.booleans()) else last,
        draw(st.booleans()),
        draw(st.sampled_from((0, HOUR, -HOUR, 2 * HOUR)) | st.integers(-90_000, 90_000).map(lambda s: s * SECOND)),
    )


def named(each: Happened) -> tuple[str, str]:
    """The address and the MAC of an event."""
    return f"10.20.0.{each.address}", f"02:00:00:00:00:{each.device:02x}"


def found(network: Network) -> Offset:
    """What is measured of the network's file by its capture."""
    begun, ended = network.capture
    frames = []
    for number, each in enumerate(network.happened):
        is_seen = begun <= each.time <= ended and number not in network.lost
        if not is_seen or (network.unicast and each.again and not each.over):
            continue
        at = NINE + each.time + network.jitter[number % len(network.jitter)]
        frames.append(
            lease(
                *named(each),
                at=at,
                event="released" if each.over else "granted",
                seconds=network.lasting // SECOND,
                renewed=each.again,
            )
        )
    frames.sort(key=lambda frame: frame.at)
    clocks = Clocks(sighting(leases=frames))
    for each in lines(network):
        (ip, mac), start = named(each), NINE + each.time - network.offset
        end = start if each.over else start + network.lasting
        clocks.take(Tenancy(start, end, Trust.LEASED, LINE, ip=ip_address(ip), mac=mac))
    return clocks.offsets().get("dhcp", Offset("unknown"))


def lines(network: Network) -> list[Happened]:
    """What is read: what came since the file was begun and, if it was rewritten, each address's last before."""
    happened = [each for each in network.happened if each.time <= network.read]
    since = [each for each in happened if each.time > network.begins]
    if not network.is_rewritten:
        return since
    before = [each for each in happened if each.time <= network.begins]
    by_address = groupby(sorted(before, key=lambda e: (e.address, e.time)), key=lambda e: e.address)
    return [*(list(of_one)[-1] for _, of_one in by_address), *since]


@examples(300)
@given(network=networks())
def test_a_clock_is_found_right_or_not_at_all(network: Network) -> None:
    """Whatever the tap missed, wherever file and capture begin and end, and however regularly leases are renewed.

    One coincidence is left out: a clock that is off by more than it usually is may look less so by whole renewals.
    """
    offset = found(network)

    event(offset.basis)
    if offset.basis == "measured" and not is_coincidence(offset.nanoseconds, network):
        assert abs(offset.nanoseconds - network.offset) <= offset.margin + SECOND
        assert offset.matches >= 3


def is_coincidence(nanoseconds: int, network: Network) -> bool:
    """Whether a great offset was taken for a lesser one that differs by renewals."""
    wrong_by, period = abs(nanoseconds - network.offset), network.lasting // 2
    aside = wrong_by % period
    is_unusual = abs(network.offset) > max(abs(nanoseconds), USUAL_FAULT)
    return is_unusual and wrong_by > period // 2 and min(aside, period - aside) <= 3 * SECOND


@examples(100)
@given(network=networks(), hosts=st.integers(3, 9))
def test_leases_that_begin_in_both_are_enough(network: Network, hosts: int) -> None:
    """A file that is whole, and a capture of the same time: who gives an address back breaks every tie."""
    begun = [Happened(minute * minute * MINUTE, minute, minute, False, False) for minute in range(hosts)]
    over = [each._replace(time=each.time + 3 * MINUTE + each.device * SECOND, over=True) for each in begun]
    whole = network._replace(
        happened=(*begun, *over),
        capture=(0, HOUR * 9),
        lost=frozenset(),
        unicast=False,
        begins=-1,
        read=HOUR * 9,
        jitter=(0,),
    )

    assert found(whole) == Offset("measured", network.offset, SECOND, 2 * hosts)
