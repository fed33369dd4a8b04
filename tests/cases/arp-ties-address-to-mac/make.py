"""A host probes for an address, announces it, and asks for its gateway, which answers; equal addresses in two VLANs."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import arp

HOST, GATEWAY, OTHER = "02:00:00:00:00:05", "02:00:00:00:00:01", "02:00:00:00:00:06"
ADDRESS, ROUTER = "10.20.0.5", "10.20.0.1"

FRAMES = [
    arp(HOST, "0.0.0.0", ADDRESS),  # noqa: S104 - a probe's sender has none
    arp(HOST, ADDRESS, ADDRESS, time=START + MILLISECOND),
    arp(HOST, ADDRESS, ROUTER, time=START + 2 * MILLISECOND),
    arp(GATEWAY, ROUTER, ADDRESS, reply=True, time=START + 3 * MILLISECOND),
    arp(OTHER, ADDRESS, ROUTER, vlan=(30,), time=START + 4 * MILLISECOND),
    arp(HOST, "198.51.100.9", ROUTER, time=START + 5 * MILLISECOND),
]
