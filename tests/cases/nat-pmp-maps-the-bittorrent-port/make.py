"""A client has its DHT port opened; a game on the same host has another one opened."""

from tests.build import START, find_node, udp, udp_exchange
from tests.build.around import natpmp_address, natpmp_address_reply, natpmp_map, natpmp_map_reply
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, PEER, TORRENT

GATEWAY = End("10.20.0.1", 5351)
GAME = End(EMPLOYEE.ip, 50_003)

FRAMES = [
    *udp_exchange(
        EMPLOYEE,
        GATEWAY,
        [
            ("orig", natpmp_address()),
            ("resp", natpmp_address_reply("203.0.113.40")),
            ("orig", natpmp_map(6881, 6881)),
            ("resp", natpmp_map_reply(6881, 51413)),
        ],
    ),
    *udp_exchange(GAME, GATEWAY, [("orig", natpmp_map(3074, 3074)), ("resp", natpmp_map_reply(3074, 3074))]),
    udp(End(EMPLOYEE.ip, 6881), PEER, find_node(b"abcdefghij0123456789", TORRENT), time=START + 100 * MILLISECOND),
]
