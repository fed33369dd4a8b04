"""A plain handshake is closed without an answer; a second later the same host tries again obfuscated."""

from tests.build import START, Conversation, End, obfuscated
from tests.build.encrypted import FLIGHTS
from tests.build.frames import MILLISECOND, tcp_stream
from tests.cases.cast import EMPLOYEE, HELLO, PEER

refused = Conversation(EMPLOYEE, PEER)
refused.open()
refused.send("orig", HELLO)
refused.reset("resp")

AGAIN = End(EMPLOYEE.ip, EMPLOYEE.port + 1)
turns = obfuscated(1, (*FLIGHTS, 300_000))
FRAMES = [*refused.frames, *tcp_stream(AGAIN, PEER, turns, start=START + 1000 * MILLISECOND)]
