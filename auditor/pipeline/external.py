"""Which public addresses inside hosts were told to have: what later ties an outside complaint to one of them.

Each is the word of who told it, a tracker, a peer, a node of the DHT or the gateway, and any of them may lie; that many
say the same speaks for it. So does a set of pieces that a peer drew from the address (BEP 6), of those told by others.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import GATEWAY, ExternalAddress
from auditor.pipeline.gateway import opened
from auditor.pipeline.part import opposite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address

MOST_OF_A_HOST = 64
"""Addresses kept of one host: more than it has behind any NAT, and an end to what liars add."""


class External(NamedTuple):
    """A public address that an inside host was told to have."""

    vantage: str
    host: Address
    host_port: int | None
    """The host's own port that ``port`` stands for; ``None`` where no port was told."""
    ip: Address
    port: int | None
    told_by: str
    tellers: int
    """Distinct remote ends that said so, at least."""
    first: int
    last: int
    flow: int | None
    """The sighting's flow in which it was told first; ``None`` where the DHT told."""


def externals(sighting: Sighting, is_inside: Callable[[Address], bool]) -> tuple[tuple[External, ...], int]:
    """Return the addresses, by host and time, and how many found no room."""
    folded: dict[tuple[object, ...], list[External]] = defaultdict(list)
    for each in (*_of_flows(sighting), *_of_gateways(sighting), *_of_activities(sighting)):
        if is_inside(each.host):
            folded[each[: External._fields.index("tellers")]].append(each)
    by_host: dict[tuple[str, Address], list[External]] = defaultdict(list)
    for told in folded.values():
        one = _fold(told, sighting)
        by_host[one.vantage, one.host].append(one)
    kept = [each for found in by_host.values() for each in sorted(found, key=_weight)[:MOST_OF_A_HOST]]
    return tuple(sorted(kept, key=_order)), len(folded) - len(kept)


def _of_flows(sighting: Sighting) -> Iterator[External]:
    for index, flow, seen, (ip, port, told_by) in sighting.seen(ExternalAddress):
        if told_by == GATEWAY and port is not None:
            continue  # It stands for the port that was to be opened, not for the one that asked.
        host = flow.endpoint(opposite(seen.end))
        own = host.port if port is not None else None
        yield External(flow.vantage, host.ip, own, ip, port, told_by, 1, seen.first, seen.last, index)


def _of_gateways(sighting: Sighting) -> Iterator[External]:
    for each in opened(sighting):
        where = (sighting.flows[each.flow].vantage, each.host, each.host_port, each.ip, each.port)
        yield External(*where, GATEWAY, 1, each.first, each.last, each.flow)


def _of_activities(sighting: Sighting) -> Iterator[External]:
    for activity in sighting.activities:
        host = activity.endpoint
        for told in activity.told:
            own = host.port if told.port is not None else None
            where = (activity.vantage, host.ip, own, told.ip, told.port)
            yield External(*where, "dht", told.tellers, told.first, told.last, None)


def _fold(told: list[External], sighting: Sighting) -> External:
    """Make one of what was told several times. One remote end may tell it in several flows."""
    earliest = min(told, key=lambda each: (each.first, each.last))
    indexes = [each.flow for each in told if each.flow is not None]
    remotes = {end.ip for index in indexes for end in (sighting.flows[index].orig, sighting.flows[index].resp)}
    tellers = len(remotes - {earliest.host}) + sum(each.tellers for each in told if each.flow is None)
    return earliest._replace(tellers=max(tellers, 1), last=max(each.last for each in told))


def _weight(each: External) -> tuple[object, ...]:
    return (-each.tellers, *_order(each))


def _order(each: External) -> tuple[object, ...]:
    host, ip = each.host, each.ip
    place = (each.vantage, each.host_port or 0, ip.version, ip, each.port or 0, each.told_by)
    return (host.version, host, each.first, each.last, *place)
