"""What the capture itself shows of who held an address, as statements like any other source's.

A DHCP server's answer is the record itself. A client's word gives its address back, and tells its name; it gives
nothing. ARP and neighbour discovery anybody on the link can say: sure from the first time that a device says so to
the last, and supposed for a while after. Where two say so at once, both are said. Who speaks for many addresses is a
router, or a liar, and says nothing of any device.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from auditor.model.binding import FOREVER
from auditor.model.identity import SourceLine, Tenancy, Trust
from auditor.model.moment import HOUR, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from auditor.model.binding import Binding, Lease, Seen
    from auditor.model.capture import CaptureInfo, Sighting
    from auditor.model.flow import Address

CAPTURE = "capture"
"""The source's name in results."""
SUPPOSED_FOR = HOUR
"""How long a device that was heard may still have its address: hosts ask for their neighbours much more often."""

MAX_SPEAKERS = 16
"""Who may claim one address at once. Where more do, somebody makes up devices, and none is told."""


def statements(sighting: Sighting) -> Iterator[Tenancy]:
    """Yield all that is said of addresses of ours."""
    captures = sighting.captures
    yield from _names(sighting.leases, captures)
    for lease in sighting.leases:
        if lease.event != "named":
            yield from _lease(lease, captures)
    spoken = [b for b in sighting.bindings if b.kind in {"arp", "ndp"} and not b.shared]
    spoken.sort(key=_whose)
    for _, of_one in groupby(spoken, key=_whose):
        yield from _neighbours(list(of_one), captures)


def vlan_of(vlan: Sequence[int]) -> int | None:
    """Return the VLAN that addresses are unique in: of two tags the inner one, the customer's (IEEE 802.1ad)."""
    return vlan[-1] if vlan else None


def _lease(lease: Lease, captures: Sequence[CaptureInfo]) -> Iterator[Tenancy]:
    if lease.ip is None or (lease.mac is None and lease.duid is None):
        return
    start = lease.at.time
    is_over = lease.event != "granted"
    if is_over:
        end: int | None = start
    elif lease.seconds is None or lease.seconds == FOREVER:
        end = None
    else:
        end = start + lease.seconds * NANOSECONDS
    yield Tenancy(
        start,
        end,
        Trust.SEEN,
        _line(lease.at, captures),
        ip=lease.ip,
        mac=lease.mac,
        duid=lease.duid,
        # Between relay and server, the frame's VLAN is the server's network and not the client's.
        vlan=None if lease.relayed else vlan_of(lease.vlan),
        vantage=lease.vantage,
        host=None if is_over else lease.host,
    )


def _names(leases: Iterable[Lease], captures: Sequence[CaptureInfo]) -> Iterator[Tenancy]:
    """Yield what devices called themselves where no server's answer says so: each name until the next."""
    said: dict[tuple[str, int | None, str], str] = {}
    answered = {(lease.vantage, lease.mac, lease.host) for lease in leases if lease.event == "granted"}
    for lease in leases:
        if lease.event != "named" or lease.mac is None or lease.host is None:
            continue
        vlan = vlan_of(lease.vlan)
        key = lease.vantage, vlan, lease.mac
        if said.get(key) == lease.host:
            continue
        said[key] = lease.host
        if (lease.vantage, lease.mac, lease.host) in answered:
            continue
        line = _line(lease.at, captures)
        yield Tenancy(
            lease.at.time,
            None,
            Trust.NEIGHBOUR,
            line,
            mac=lease.mac,
            vlan=vlan,
            vantage=lease.vantage,
            host=lease.host,
        )


def _whose(binding: Binding) -> tuple[str, int, tuple[int, bytes]]:
    vlan = vlan_of(binding.vlan)
    return binding.vantage, -1 if vlan is None else vlan, _sortable(binding.ip)


def _sortable(ip: Address) -> tuple[int, bytes]:
    return ip.version, ip.packed


def _neighbours(bindings: Sequence[Binding], captures: Sequence[CaptureInfo]) -> Iterator[Tenancy]:
    """Yield what was said of one address: cut where somebody begins or ends, so that who speaks at once begins at once.

    A directory lets the later statement go before the earlier one; whoever claims an address that another uses must
    not become its only holder by that.
    """
    changes: dict[int, list[int]] = {}
    for number, binding in enumerate(bindings):
        changes.setdefault(binding.first.time, []).append(number)
        changes.setdefault(binding.last.time + 1, []).append(number)
    speaking: dict[int, Binding] = {}
    for start, end in pairwise(sorted(changes)):
        for number in changes[start]:
            if speaking.pop(number, None) is None:
                speaking[number] = bindings[number]
        if len(speaking) <= MAX_SPEAKERS:
            for binding in speaking.values():
                yield _said(binding, start, end, captures)
    ends = sorted(binding.last.time for binding in bindings)
    for binding in bindings:
        over = binding.last.time + 1
        others = bisect_left(ends, over + SUPPOSED_FOR) - bisect_left(ends, over - SUPPOSED_FOR)
        if others > MAX_SPEAKERS:
            continue
        yield _said(binding, over, over + SUPPOSED_FOR, captures)._replace(supposed=True)


def _said(binding: Binding, start: int, end: int, captures: Sequence[CaptureInfo]) -> Tenancy:
    return Tenancy(
        start,
        end,
        Trust.NEIGHBOUR,
        _line(binding.first, captures),
        ip=binding.ip,
        mac=binding.mac,
        vlan=vlan_of(binding.vlan),
        vantage=binding.vantage,
    )


def _line(seen: Seen, captures: Sequence[CaptureInfo]) -> SourceLine:
    return SourceLine(CAPTURE, captures[seen.frame[0]].path, seen.frame[1])
