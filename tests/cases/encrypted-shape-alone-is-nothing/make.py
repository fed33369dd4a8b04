"""Somebody speaks with three strangers in a way that looks like obfuscated BitTorrent."""

from tests.build import START, obfuscated, tcp_stream
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE

FRAMES = [
    frame
    for number in range(3)
    for frame in tcp_stream(
        End(EMPLOYEE.ip, 50_000 + number),
        End(f"198.51.100.{number + 1}", 40_000),
        obfuscated(number),
        start=START + number * 100 * MILLISECOND,
    )
]
