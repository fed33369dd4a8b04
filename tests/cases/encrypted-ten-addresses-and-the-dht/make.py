"""A host in the DHT speaks with ten strangers in a way that looks like obfuscated BitTorrent."""

from tests.build import START, find_node, obfuscated, tcp_stream, udp
from tests.build.encrypted import UNTELLING
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, NODE

OWN = b"abcdefghij0123456789"
FRAMES = [
    udp(End(EMPLOYEE.ip, 6881), NODE, find_node(OWN, OWN)),
    *(
        frame
        for number in range(10)
        for frame in tcp_stream(
            End(EMPLOYEE.ip, 50_000 + number),
            End(f"198.51.100.{number + 1}", 40_000 + number),
            obfuscated(number, UNTELLING),
            start=START + (number + 1) * 100 * MILLISECOND,
        )
    ),
]
