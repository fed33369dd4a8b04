"""A mirror port with two queues delivers both handshakes before the SYN."""

from tests.build import message, tcp_stream
from tests.build.frames import Frame
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

sent = tcp_stream(EMPLOYEE, PEER, [("orig", HELLO), ("resp", ANSWER), ("resp", message(1))])
late = [sent[5], sent[3], sent[1], sent[0], sent[2], sent[4], *sent[6:]]

FRAMES = [Frame(before.time, frame.data) for before, frame in zip(sent, late, strict=True)]
