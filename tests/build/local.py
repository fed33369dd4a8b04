"""What clients say to their own network: local announces (BEP 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.build.frames import End

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUP = End("239.192.152.143", 6771, "01:00:5e:40:98:8f")
"""Where local announces go to."""


def local_announce(infohashes: Sequence[bytes], port: int = 6881, cookie: str = "") -> bytes:
    """Announce torrents to the local network."""
    lines = ["BT-SEARCH * HTTP/1.1", f"Host: {GROUP.ip}:{GROUP.port}", f"Port: {port}"]
    lines += [f"Infohash: {infohash.hex()}" for infohash in infohashes]
    lines += [f"cookie: {cookie}"] * bool(cookie)
    return "\r\n".join([*lines, "", "", ""]).encode()
