#!/usr/bin/env python3
"""Writes first inputs for what tells who has which address: ARP, neighbour discovery, DHCP of both versions.

As seeds.py: ``PYTHONPATH=. auditor/native/fuzz/seeds_holders.py``, then ``run minimise``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from seeds import FRAME, MILLISECOND, OURS, VLANS_PART, write

from tests.build import holders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.build import Frame

PHONE, IP, IP6 = "02:00:0a:14:00:05", "10.20.0.5", "2001:db8:20::5"


def arps() -> list[Frame]:
    """Ask, answer, probe and announce."""
    return [
        holders.arp(PHONE, IP, "10.20.0.1"),
        holders.arp(PHONE, IP, "10.20.0.1", reply=True),
        holders.arp(PHONE, "0.0.0.0", IP),  # noqa: S104 - nobody yet
        holders.arp(PHONE, IP, IP),
    ]


def discoveries() -> list[Frame]:
    """Ask and tell."""
    return [
        holders.advertised(PHONE, IP6),
        holders.solicited(PHONE, IP6, "2001:db8:20::1"),
        holders.solicited(PHONE, "::", IP6),
    ]


def leases() -> list[Frame]:
    """Ask for an address, get it, give it back."""
    return [
        holders.dhcp("discover", PHONE, host="phone"),
        holders.dhcp("request", PHONE, IP, host="phone"),
        holders.dhcp("ack", PHONE, IP),
        holders.dhcp("ack", PHONE, IP, relay="10.20.0.1"),
        holders.dhcp("release", PHONE, IP),
        holders.dhcp("decline", PHONE, IP),
    ]


def leases6() -> list[Frame]:
    """The same of IPv6, through a relay too."""
    return [
        holders.dhcp6("request", PHONE, host="phone"),
        holders.dhcp6("reply", PHONE, IP6),
        holders.dhcp6("reply", PHONE, IP6, relayed=True),
        holders.dhcp6("release", PHONE, IP6),
    ]


def payloads(frames: list[Frame]) -> Iterator[bytes]:
    """What the parsers get of them."""
    for frame in frames:
        packet = Ether(frame.data)
        layer = packet[ARP] if ARP in packet else packet[UDP].payload if UDP in packet else packet[IPv6].payload
        yield bytes(layer)


def scene(frames: list[Frame]) -> bytes:
    """A scene of the engine in which just these come."""
    records = [bytes([FRAME, MILLISECOND | 1, 0]) + struct.pack(">H", len(frame.data)) + frame.data for frame in frames]
    return bytes([VLANS_PART | OURS]) + b"".join(records)


if __name__ == "__main__":
    write("arp", [*payloads(arps())])
    write("ndp", [*payloads(discoveries())])
    write("dhcp", [*payloads(leases())])
    write("dhcpv6", [*payloads(leases6())])
    write("engine", [scene(frames) for frames in (arps(), leases(), arps() + leases() + leases())])
