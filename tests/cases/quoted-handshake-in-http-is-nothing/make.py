"""A page about the protocol, whose quotation begins a segment, and a form that sends one."""

from tests.build import tcp_stream
from tests.cases.cast import EMPLOYEE, HELLO, WEB

FRAMES = tcp_stream(
    EMPLOYEE,
    WEB,
    [
        ("orig", b"POST /paste HTTP/1.1\r\nHost: example.org\r\nContent-Length: 68\r\n\r\n"),
        ("orig", HELLO),
        ("resp", b"HTTP/1.1 200 OK\r\nContent-Length: 68\r\n\r\n"),
        ("resp", HELLO),
    ],
)
