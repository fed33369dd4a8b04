"""A laptop asks for an address of IPv6 and gets it, through a relay and on its own link; it gives it back."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import dhcp6

LAPTOP, ADDRESS = "02:00:00:00:00:05", "2001:db8:20::1:5"

FRAMES = [
    dhcp6("request", LAPTOP, host="laptop"),
    dhcp6("reply", LAPTOP, ADDRESS, relayed=True, time=START + MILLISECOND),
    dhcp6("reply", LAPTOP, ADDRESS, time=START + 2 * MILLISECOND),
    dhcp6("release", LAPTOP, ADDRESS, trid=9, time=START + 9 * MILLISECOND),
]
