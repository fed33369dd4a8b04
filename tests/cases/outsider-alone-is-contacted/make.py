"""An outsider shakes hands with a web server of ours, which answers in its own protocol."""

from tests.build import tcp_stream
from tests.build.frames import End
from tests.cases.cast import HELLO

FRAMES = tcp_stream(
    End("198.51.100.7", 50_000),
    End("10.20.0.80", 80),
    [("orig", HELLO), ("resp", b"HTTP/1.1 400 Bad Request\r\n\r\n")],
)
