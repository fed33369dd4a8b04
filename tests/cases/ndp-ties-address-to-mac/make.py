"""A host looks whether its address is free, announces it and asks for a neighbour; an outsider says it too."""

from tests.build import START
from tests.build.frames import MILLISECOND
from tests.build.holders import advertised, solicited

HOST, LIAR, ADDRESS = "02:00:00:00:00:05", "02:00:00:00:00:66", "2001:db8:20::5"

FRAMES = [
    solicited(HOST, "::", ADDRESS),
    advertised(HOST, ADDRESS, time=START + MILLISECOND),
    solicited(HOST, ADDRESS, "2001:db8:20::1", time=START + 2 * MILLISECOND),
    advertised(LIAR, ADDRESS, hop_limit=64, time=START + 3 * MILLISECOND),
]
