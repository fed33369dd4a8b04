"""What the engine's tests let it see."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from tests.build import End, handshake, piece, request, tcp_stream, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.flow import End as FlowEnd

INSIDE = (ip_network("10.0.0.0/8"),)
EMPLOYEE, PEER = End("10.20.0.5", 51000), End("198.51.100.7", 6881)
INFOHASH, PEER_ID = bytes(range(20)), b"-qB4520-aaaaaaaaaaaa"


def download(path: Path, vlan: tuple[int, ...] = ()) -> Path:
    """One piece goes to the employee."""
    turns: list[tuple[FlowEnd, bytes]] = [
        ("orig", handshake(INFOHASH, PEER_ID)),
        ("resp", handshake(INFOHASH, b"-TR4060-bbbbbbbbbbbb")),
        ("orig", request(0, 0, 1000)),
        ("resp", piece(0, 0, bytes(1000))),
    ]
    return write_pcap(path, tcp_stream(EMPLOYEE, PEER, turns, vlan=vlan))
