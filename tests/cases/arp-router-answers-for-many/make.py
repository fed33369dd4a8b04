"""A router answers for all hosts behind it (proxy ARP, RFC 1027); a host speaks for its two."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import arp

HOST, ROUTER = "02:00:00:00:00:05", "02:00:00:00:00:01"

FRAMES = [
    *(arp(ROUTER, f"10.20.1.{n}", "10.20.0.5", reply=True, time=START + n * MILLISECOND) for n in range(1, 18)),
    *(arp(HOST, f"10.20.0.{n}", "10.20.0.1", time=START + (20 + n) * MILLISECOND) for n in (5, 6)),
]
