"""A trunk to a router: each frame passes in the VLAN it comes from, and again in the one it goes to."""

from tests.build import message, piece, tcp_stream
from tests.build.frames import Frame
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

TURNS = [("orig", HELLO), ("resp", ANSWER), ("resp", piece(0, 0, bytes(3000))), ("orig", message(4, bytes(4)))]
inside, outside = (tcp_stream(EMPLOYEE, PEER, TURNS, vlan=(vlan,)) for vlan in (30, 99))

FRAMES = []
for here, there in zip(inside, outside, strict=True):
    is_sent = here.data[6:12] == EMPLOYEE.hardware
    first, second = (here, there) if is_sent else (there, here)
    FRAMES += [first, Frame(second.time + 50_000, second.data)]
