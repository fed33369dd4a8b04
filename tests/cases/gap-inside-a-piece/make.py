"""The tap missed three segments in the middle of a block."""

from tests.build import Conversation, message, piece
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

BLOCK = piece(0, 0, bytes(16384))

talk = Conversation(EMPLOYEE, PEER)
talk.open()
talk.send("orig", HELLO)
talk.send("resp", ANSWER)
talk.send("resp", BLOCK[:4000])
talk.lose("resp", BLOCK[4000:8000])
talk.send("resp", BLOCK[8000:] + message(4, bytes(4)))
talk.close()
FRAMES = talk.frames
