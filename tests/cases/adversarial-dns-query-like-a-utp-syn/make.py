"""Two hosts look up a name of two letters; of 20 bytes, with the id 0x4100, the query is byte for byte a SYN of uTP.

The employee's resolver answers as resolvers do: a SYN whose answer is none is no connection, and nothing is said. The
guest's resolver is hostile. It answers with the packet that would accept the connection, and sends a handshake in it.
Now there is a connection as far as anyone can see, in which only the resolver spoke: the guest was `contacted`.
"""

from tests.build import udp_exchange
from tests.build.frames import End
from tests.build.utp import DATA, STATE, packet
from tests.cases.cast import ANSWER, EMPLOYEE, GUEST

QUERY = bytes.fromhex("4100 0100 0001 0000 0000 0000") + b"\x02de\0" + bytes.fromhex("0002 0001")
REPLY = bytes.fromhex("4100 8180 0001 0000 0000 0000") + b"\x02de\0" + bytes.fromhex("0002 0001")
CONNECTION, NUMBER = int.from_bytes(QUERY[2:4]), int.from_bytes(QUERY[16:18])
ACCEPTED = [packet(STATE, CONNECTION, 500, NUMBER), packet(DATA, CONNECTION, 500, NUMBER, ANSWER)]

FRAMES = [
    *udp_exchange(EMPLOYEE, End("192.0.2.53", 53), [("orig", QUERY), ("resp", REPLY)]),
    *udp_exchange(GUEST, End("192.0.2.54", 53), [("orig", QUERY), *(("resp", data) for data in ACCEPTED)]),
]
