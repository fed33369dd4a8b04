"""TCP segments and UDP datagrams out of a capture, decoded by Scapy."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import scapy.contrib.erspan
import scapy.contrib.geneve
import scapy.contrib.gtp
import scapy.contrib.mpls
import scapy.layers.l2
import scapy.layers.ppp
import scapy.layers.vxlan  # noqa: F401 - each teaches Scapy its link types and tunnels
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import NoPayload
from scapy.utils import PcapReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Way(NamedTuple):
    """Who sent to whom."""

    src: str
    sport: int
    dst: str
    dport: int


class TcpHead(NamedTuple):
    """What matters of a TCP header."""

    seq: int
    syn: bool
    acknowledged: int | None
    """What it says that it expects next, if it says so."""


@dataclass(frozen=True)
class Packet:
    """One segment or datagram."""

    way: Way
    tcp: TcpHead | None
    """``None`` for UDP."""
    payload: bytes


def packets(path: Path) -> Iterator[Packet]:
    """Yield every TCP segment and UDP datagram, of the innermost tunnel; fragments and other traffic are left out."""
    with PcapReader(str(path)) as reader:
        for frame in reader:
            network = found = None
            layer = frame
            # Exact types: what an ICMP error quotes (IPerror, UDPerror) was not sent here.
            while not isinstance(layer, NoPayload):
                if type(layer) in {IP, IPv6}:
                    network = layer
                elif type(layer) in {TCP, UDP} and network is not None:
                    found = _packet(network, layer)
                layer = layer.payload
            if found is not None:
                yield found


def _packet(network: IP | IPv6, transport: TCP | UDP) -> Packet:
    # Scapy may take the payload for DNS or another protocol by its port: the bytes themselves are wanted.
    raw = transport.original
    src, dst = (str(ipaddress.ip_address(address)) for address in (network.src, network.dst))
    way = Way(src, transport.sport, dst, transport.dport)
    if isinstance(transport, UDP):
        return Packet(way, None, raw[8 : max(8, transport.len)])
    head = TcpHead(transport.seq, bool(transport.flags.S), transport.ack if transport.flags.A else None)
    return Packet(way, head, raw[transport.dataofs * 4 :])
