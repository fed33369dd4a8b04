"""A host in the DHT speaks a dozen times with one proxy, which looks random from the first byte."""

from tests.build import START, find_node, obfuscated, tcp_stream, udp
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, NODE

OWN = b"abcdefghij0123456789"
FRAMES = [
    udp(End(EMPLOYEE.ip, 6881), NODE, find_node(OWN, OWN)),
    *(
        frame
        for number in range(12)
        for frame in tcp_stream(
            End(EMPLOYEE.ip, 50_000 + number),
            End("198.51.100.1", 8388),
            obfuscated(number),
            start=START + (number + 1) * 100 * MILLISECOND,
        )
    ),
]
