"""An outsider announces a torrent in the DHT with an inside host's address as the source; it reaches an inside node.

This cannot be told from the host's own datagram: a source address proves nothing, and one direction is all that there
is. What speaks against it is beside the incident and not in it: no query was answered, the host asked for no token
before, and in a capture on the host's own segment the frame has the router's MAC. A network that lets such datagrams in
lacks the ingress filter of BCP 38; where it has one, they never reach the tap behind it. What a torrent's peers or a
tracker over TCP show cannot be forged so, since a connection needs the host's answers.
"""

from tests.build import announce_peer, udp
from tests.build.frames import End
from tests.cases.cast import EMPLOYEE, PEER_ID, TORRENT

FORGED, NODE = End(EMPLOYEE.ip, 6881), End("192.0.2.9", 6881)
FRAMES = [udp(FORGED, NODE, announce_peer(PEER_ID, TORRENT, 6881, b"token"))]
