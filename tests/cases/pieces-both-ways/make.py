"""Two peers that each have what the other lacks."""

from tests.build import message, piece, request, tcp_stream
from tests.cases.cast import ANSWER, GUEST, HELLO, PEER

FRAMES = tcp_stream(
    GUEST,
    PEER,
    [
        ("orig", HELLO),
        ("resp", ANSWER + message(5, b"\xf0")),
        ("orig", message(5, b"\x0f") + message(2) + message(1)),
        ("orig", request(0, 0)),
        ("resp", message(1) + piece(0, 0, bytes(16384))),
        ("resp", request(4, 0, 5000)),
        ("orig", piece(4, 0, bytes(5000))),
        ("orig", message(4, bytes(4))),
    ],
)
