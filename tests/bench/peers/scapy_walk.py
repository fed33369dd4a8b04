"""Scapy as a peer: every packet dissected, BitTorrent handshakes and KRPC messages counted."""

from __future__ import annotations

import sys
from typing import Any

import scapy.layers.l2  # noqa: F401 - teaches the reader what Ethernet is
from scapy.layers.inet import TCP, UDP
from scapy.utils import PcapReader

HANDSHAKE = b"\x13BitTorrent protocol"
KRPC_ENDS = (b"1:y1:qe", b"1:y1:re", b"1:y1:ee")


def main(capture: str) -> None:
    """Print how many packets ``capture`` holds, and how many of each kind."""
    packets = handshakes = routing = 0
    with PcapReader(capture) as reader:
        packet: Any
        for packet in reader:
            packets += 1
            if TCP in packet:
                handshakes += bytes(packet[TCP].payload).startswith(HANDSHAKE)
            elif UDP in packet:
                payload = bytes(packet[UDP].payload)
                routing += payload[:1] == b"d" and payload.endswith(KRPC_ENDS)
    sys.stdout.write(f"{packets} packets, {handshakes} handshakes, {routing} KRPC messages\n")


if __name__ == "__main__":
    main(sys.argv[1])
