"""Ports that a gateway opened: which public address and port led to which port of an inside host.

A gateway tells the address and the port in one answer (PCP) or in two (NAT-PMP, UPnP), which are put together here.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.fact import GATEWAY, ExternalAddress, PortMapping
from auditor.pipeline.part import opposite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address, End, Flow, Observation


class Opened(NamedTuple):
    """A public port that led to a port of an inside host, where the public address is known."""

    flow: int
    host: Address
    host_port: int
    ip: Address
    port: int
    first: int
    last: int


def opened(sighting: Sighting) -> Iterator[Opened]:
    """Yield each port that was opened, with the address that the same gateway told the host before it, or else next."""
    told: dict[tuple[str, Address, Address], list[Observation]] = defaultdict(list)
    for _, flow, seen, fact in sighting.seen(ExternalAddress):
        if fact.told_by == GATEWAY:
            told[_talk(flow, opposite(seen.end))].append(seen)
    for index, flow, seen, mapping in sighting.seen(PortMapping):
        if not (mapping.granted and mapping.lifetime and mapping.internal):
            continue
        ip, port = mapping.internal
        address = _address(told[_talk(flow, seen.end)], seen.last, mapping.external_port)
        if address is not None and ip == flow.endpoint(seen.end).ip:
            yield Opened(index, ip, port, address, mapping.external_port, seen.first, seen.last)


def _talk(flow: Flow, host: End) -> tuple[str, Address, Address]:
    return flow.vantage, flow.endpoint(host).ip, flow.endpoint(opposite(host)).ip


def _address(told: list[Observation], moment: int, port: int) -> Address | None:
    """Return the address for a port: told with it, or else the last that was told until ``moment``, or the next."""
    addresses = [(seen.first, fact) for seen in told if isinstance(fact := seen.fact, ExternalAddress)]
    with_port = [(first, fact.ip) for first, fact in addresses if fact.port == port]
    alone = [(first, fact.ip) for first, fact in addresses if fact.port is None]
    ordered = sorted(with_port or alone, key=lambda each: (each[0], each[1].version, int(each[1])))
    before = [ip for first, ip in ordered if first <= moment]
    return before[-1] if before else next((ip for _, ip in ordered), None)
