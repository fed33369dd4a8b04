"""UDP that is not BitTorrent: an NTP server and client, a call's RTP-like stream, random datagrams, near misses.

Run as a program inside a namespace: ``serve ADDRESS`` answers until it is ended, ``talk ADDRESS`` speaks once.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import sys
import threading
import time

NTP, CALL, NOISE = 123, 4000, 5000
NTP_EPOCH = 2_208_988_800
NEAR_MISSES = (
    b"d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:q",
    b"d4:name5:value4:sizei12ee",
    b"\x13BitTorrent protocol is the name of a protocol",
    b"A\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02ab\x00\x00\x01\x00",
)
"""A bencoded query cut short, a bencoded dictionary that is no KRPC, the handshake's words in UDP, a DNS query that
begins as a uTP SYN does."""


def _ntp(mode: int, origin: bytes = bytes(8)) -> bytes:
    now = struct.pack(">II", int(time.time()) + NTP_EPOCH, 0)
    return struct.pack(">BBBbIII", 0x20 | mode, 2, 6, -20, 0, 0, 0x4C4F434C) + now + origin + now + now


def serve(address: str) -> None:
    """Answer NTP with the time, calls with a call's other half, and noise with noise."""

    def listen(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind((address, port))
            while True:
                datagram, sender = ours.recvfrom(2048)
                ours.sendto(_ntp(4, datagram[40:48]) if port == NTP else datagram[::-1], sender)

    for port in (NTP, CALL):
        threading.Thread(target=listen, args=(port,), daemon=True).start()
    listen(NOISE)


def talk(address: str) -> None:
    """Set a clock, make a short call, send noise and near misses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(1)
        ours.sendto(_ntp(3), (address, NTP))
        ours.recv(2048)
        for number in range(50):
            header = struct.pack(">BBHII", 0x80, 0, number, number * 160, 0x5EED)
            ours.sendto(header + hashlib.shake_256(header).digest(160), (address, CALL))
            time.sleep(0.01)
        for number in range(20):
            ours.sendto(hashlib.shake_256(bytes([number])).digest(20 + 37 * number), (address, NOISE))
        for datagram in NEAR_MISSES:
            ours.sendto(datagram, (address, NOISE))


if __name__ == "__main__":
    {"serve": serve, "talk": talk}[sys.argv[1]](sys.argv[2])
