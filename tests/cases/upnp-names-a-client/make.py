"""A client opens ports over UPnP in its own name, which has a person's in it; a neighbour's client only does that."""

from tests.build import START, tcp_stream
from tests.build.around import add_port_mapping, soap, soap_reply
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

GATEWAY, NEIGHBOUR = End("10.20.0.1", 5000), End("10.20.0.6", 50_002)
PLANTED = ("Evelyn Planted", "planted-film")
DESCRIPTION = "qBittorrent/5.1.2 of Evelyn Planted for planted-film"
TOLD = "<NewExternalIPAddress>203.0.113.40</NewExternalIPAddress>"

FRAMES = [
    *tcp_stream(
        End(EMPLOYEE.ip, 50_010),
        GATEWAY,
        [
            ("orig", soap("GetExternalIPAddress")),
            ("resp", soap_reply("GetExternalIPAddress", TOLD)),
            ("orig", add_port_mapping(EMPLOYEE.ip, 42000, 42001, DESCRIPTION)),
            ("resp", soap_reply("AddPortMapping")),
        ],
    ),
    *tcp_stream(
        NEIGHBOUR,
        GATEWAY,
        [("orig", add_port_mapping(NEIGHBOUR.ip, 42002, 42002, DESCRIPTION)), ("resp", soap_reply("AddPortMapping"))],
    ),
    *tcp_stream(EMPLOYEE, PEER, [("orig", HELLO), ("resp", ANSWER)], start=START + 100 * MILLISECOND),
]
