"""The same page, in a capture that began after the SYN; once with the frames' order swapped."""

from tests.build import Conversation
from tests.build.frames import End, Frame
from tests.cases.cast import EMPLOYEE, GUEST, HELLO, WEB


def page(host: End, *, swapped: bool) -> list[Frame]:
    """Fetch a page; the capture does not hold the connection's beginning."""
    talk = Conversation(host, WEB)
    talk.send("orig", b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
    head = len(talk.frames)
    talk.send("resp", b"HTTP/1.1 200 OK\r\nContent-Length: 68\r\n\r\n", acknowledged=False)
    quoted = len(talk.frames)
    talk.send("resp", HELLO)
    frames = list(talk.frames)
    if swapped:
        one, two = frames[head], frames[quoted]
        frames[head], frames[quoted] = Frame(one.time, two.data), Frame(two.time, one.data)
    return frames


FRAMES = page(EMPLOYEE, swapped=False) + page(GUEST, swapped=True)
