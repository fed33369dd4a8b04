"""Between relay and server, frames have the relay's and the server's addresses; the message names the client."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import dhcp

PHONE, ADDRESS, RELAY = "02:00:00:00:00:05", "10.40.0.9", "10.40.0.1"

FRAMES = [
    dhcp("ack", PHONE, ADDRESS, relay=RELAY, vlan=(2,)),
    dhcp("ack", PHONE, ADDRESS, vlan=(40,), time=START + MILLISECOND),
]
