"""dpkt as a peer: every packet parsed, BitTorrent handshakes and KRPC messages counted by flow."""

from __future__ import annotations

import sys
from pathlib import Path

import dpkt

HANDSHAKE = b"\x13BitTorrent protocol"
KRPC_ENDS = (b"1:y1:qe", b"1:y1:re", b"1:y1:ee")


def main(capture: Path) -> None:
    """Print how many packets ``capture`` holds, and how many flows of each kind."""
    packets = 0
    swarms: set[tuple[bytes, int, bytes, int]] = set()
    routing: set[tuple[bytes, int, bytes, int]] = set()
    with capture.open("rb") as file:
        for _, frame in dpkt.pcap.Reader(file):
            packets += 1
            ip = dpkt.ethernet.Ethernet(frame).data
            if not isinstance(ip, dpkt.ip.IP):
                continue
            segment = ip.data
            if isinstance(segment, dpkt.tcp.TCP) and segment.data.startswith(HANDSHAKE):
                swarms.add((ip.src, segment.sport, ip.dst, segment.dport))
            elif isinstance(segment, dpkt.udp.UDP) and segment.data[:1] == b"d" and segment.data.endswith(KRPC_ENDS):
                routing.add((ip.src, segment.sport, ip.dst, segment.dport))
    sys.stdout.write(f"{packets} packets, {len(swarms)} one-way handshakes, {len(routing)} one-way KRPC\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
