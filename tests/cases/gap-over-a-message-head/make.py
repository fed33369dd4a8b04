"""The tap missed the end of one block and the beginning of the next."""

from tests.build import Conversation, piece
from tests.cases.cast import ANSWER, EMPLOYEE, HELLO, PEER

BLOCKS = piece(0, 0, bytes(3000)) + piece(0, 3000, bytes(3000)) + piece(0, 6000, bytes(3000))

talk = Conversation(EMPLOYEE, PEER)
talk.open()
talk.send("orig", HELLO)
talk.send("resp", ANSWER)
talk.send("resp", BLOCKS[:2900])
talk.lose("resp", BLOCKS[2900:3100])
talk.send("resp", BLOCKS[3100:])
talk.close()
FRAMES = talk.frames
