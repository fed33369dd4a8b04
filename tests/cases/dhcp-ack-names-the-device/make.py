"""A phone asks for an address under its name and gets it; the answer comes twice. Later it gives it back."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import dhcp

PHONE, ADDRESS = "02:00:00:00:00:05", "10.40.0.9"

FRAMES = [
    dhcp("discover", PHONE, host="guest-phone"),
    dhcp("request", PHONE, ADDRESS, host="guest-phone", time=START + 2 * MILLISECOND),
    dhcp("ack", PHONE, ADDRESS, seconds=7200, vlan=(40,), time=START + 3 * MILLISECOND),
    dhcp("ack", PHONE, ADDRESS, seconds=7200, vlan=(40,), time=START + 4 * MILLISECOND),
    dhcp("nak", PHONE, ADDRESS, time=START + 5 * MILLISECOND),
    dhcp("ack", PHONE, ADDRESS, xid=8, renewed=True, vlan=(40,), time=START + 8 * MILLISECOND),
    dhcp("release", PHONE, ADDRESS, vlan=(40,), time=START + 9 * MILLISECOND),
]
