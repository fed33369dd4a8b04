"""A WebTorrent client tells a tracker over a WebSocket in clear that it takes part."""

from tests.build import tcp_stream
from tests.build.tracker import websocket_text, websocket_upgrade
from tests.cases.cast import GUEST, WEB

ASK, AGREE = websocket_upgrade()
NAMED = {"action": "announce", "info_hash": "a" * 20, "peer_id": "-WW0205-aaaaaaaaaaaa"}
FRAMES = tcp_stream(
    GUEST,
    WEB,
    [
        ("orig", ASK),
        ("resp", AGREE),
        (
            "orig",
            websocket_text(NAMED | {"event": "started", "uploaded": 0, "downloaded": 0, "left": 9}, b"mask"),
        ),
        ("resp", websocket_text({"action": "announce", "info_hash": "a" * 20, "interval": 120, "complete": 1})),
    ],
)
