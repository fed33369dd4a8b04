"""Traffic of our own making that resembles BitTorrent, or what people play and say, where no real program is at hand.

Run as a program inside a namespace: ``serve ADDRESS`` answers until it is ended, ``NAME ADDRESS SEED COUNT`` makes so
many flows of a kind. The bytes follow public descriptions (RTP: RFC 3550; Source's A2S queries; RakNet's offline
messages; Ethereum's RLPx, EIP-8; Telegram's obfuscated transport). Nothing here proves that the real programs behave
so, which is why the accuracy table marks these rows.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.lab.datagrams import NEAR_MISSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UDP_PORTS = {"call": 40_000, "shooter": 27_015, "source-query": 27_016, "raknet": 19_132, "near-misses": 6881}
TCP_PORTS = {"messenger": 5222, "rlpx": 30_303, "near-misses": 6881}
SCANNED = range(6860, 6960)
MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
"""RakNet's offline message id."""
ROUNDS = 6
TIMEOUT = 2.0
QUOTED = b"POST /talk HTTP/1.1\r\nHost: a\r\nContent-Length: 68\r\n\r\n\x13BitTorrent protocol" + bytes(48)


class Noise:
    """Bytes and numbers that the seed and the flow's number decide."""

    def __init__(self, *words: object) -> None:
        self._words, self._drawn = " ".join(map(str, words)), 0

    def bytes(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        self._drawn += 1
        return hashlib.shake_256(f"{self._words} {self._drawn}".encode()).digest(count)

    def number(self, low: int, high: int) -> int:
        """Return a number of the range, both ends included."""
        return low + int.from_bytes(self.bytes(4)) % (high - low + 1)


def call(noise: Noise) -> Iterator[bytes]:
    """Yield 20 ms frames of RTP, payload type 0."""
    source = noise.bytes(4)
    for number in range(20):
        yield struct.pack(">BBHI", 0x80, 0, number, number * 160) + source + noise.bytes(160)


def shooter(noise: Noise) -> Iterator[bytes]:
    """Yield a challenge and then numbered game states."""
    yield b"\xff\xff\xff\xffgetchallenge\n"
    for number in range(15):
        yield struct.pack("<IIH", number, max(0, number - 1), noise.number(0, 0xFFFF)) + noise.bytes(
            noise.number(16, 120)
        )


def source_query(noise: Noise) -> Iterator[bytes]:
    """Yield A2S queries."""
    yield b"\xff\xff\xff\xffTSource Engine Query\x00"
    yield b"\xff\xff\xff\xffU" + noise.bytes(4)


def raknet(noise: Noise) -> Iterator[bytes]:
    """Yield a ping, the opening and frame sets."""
    yield b"\x01" + struct.pack(">Q", noise.number(1, 1 << 30)) + MAGIC + noise.bytes(8)
    yield b"\x05" + MAGIC + b"\x0b" + bytes(1400)
    for number in range(8):
        yield b"\x84" + number.to_bytes(3, "little") + noise.bytes(noise.number(20, 300))


def near_misses(noise: Noise) -> Iterator[bytes]:
    """Yield one datagram that nearly is BitTorrent's."""
    yield NEAR_MISSES[noise.number(0, len(NEAR_MISSES) - 1)]


def messenger(noise: Noise) -> Iterator[bytes]:
    """Yield 64 random bytes, then random frames, as an obfuscated messenger sends them."""
    yield noise.bytes(64) + noise.bytes(noise.number(41, 420))
    for _ in range(ROUNDS):
        yield noise.bytes(noise.number(40, 900))


def rlpx(noise: Noise) -> Iterator[bytes]:
    """Yield a handshake that begins with its length, then random frames."""
    size = noise.number(307, 520)
    yield struct.pack(">H", size) + noise.bytes(size)
    for _ in range(ROUNDS):
        yield noise.bytes(16 * noise.number(2, 30))


def quotes(noise: Noise) -> Iterator[bytes]:
    """Yield a stream that quotes a handshake, but not at its beginning; or one whose first word is nearly right."""
    yield QUOTED if noise.number(0, 1) else b"\x13BitTorrent protocox" + noise.bytes(48)


DATAGRAMS: dict[str, Callable[[Noise], Iterator[bytes]]] = {
    "call": call, "shooter": shooter, "source-query": source_query, "raknet": raknet, "near-misses": near_misses,
}  # fmt: skip
STREAMS: dict[str, Callable[[Noise], Iterator[bytes]]] = {"messenger": messenger, "rlpx": rlpx, "near-misses": quotes}


def serve(address: str) -> None:
    """Answer each message with one of its kind."""
    for name, port in UDP_PORTS.items():
        threading.Thread(target=_echo, args=(address, port), name=name, daemon=True).start()
    ports = {**{port: name for name, port in TCP_PORTS.items()}, **dict.fromkeys(SCANNED[::7], "banner")}
    for port, name in ports.items():
        threading.Thread(target=_listen, args=(address, port, name), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


def _echo(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((address, port))
        while True:
            datagram, sender = ours.recvfrom(2048)
            ours.sendto(datagram[:8] + datagram[:7:-1], sender)


def _listen(address: str, port: int, name: str) -> None:
    with socket.create_server((address, port), backlog=64) as server:
        while True:
            peer, caller = server.accept()
            threading.Thread(target=_answer, args=(peer, name, caller[1]), daemon=True).start()


def _answer(peer: socket.socket, name: str, number: int) -> None:
    with peer:
        peer.settimeout(TIMEOUT)
        try:
            if name == "banner":
                peer.sendall(b"220 ready\r\n")
                peer.recv(4096)
                return
            for message in STREAMS[name](Noise("answer", name, number)):
                if not peer.recv(4096):
                    return
                peer.sendall(message)
        except OSError:
            return


def talk(name: str, address: str, seed: int, count: int) -> None:
    """Make ``count`` flows of a kind: datagrams if it has them, streams if it has those."""
    for number in range(count):
        if name in DATAGRAMS:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
                for message in DATAGRAMS[name](Noise(seed, name, number)):
                    ours.sendto(message, (address, UDP_PORTS[name]))
                    time.sleep(0.001)
        if name in STREAMS:
            with socket.create_connection((address, TCP_PORTS[name]), TIMEOUT) as ours:
                for message in STREAMS[name](Noise(seed, name, number)):
                    ours.sendall(message)
                    if not ours.recv(4096):
                        break


def scan(address: str) -> None:
    """Connect to many ports, and say a little where somebody listens."""
    for port in SCANNED:
        with socket.socket() as ours:
            ours.settimeout(TIMEOUT)
            if not ours.connect_ex((address, port)):
                ours.sendall(b"\r\n\r\n")
                ours.recv(4096)


def main() -> None:
    """Do what the command line says."""
    what, address, *rest = sys.argv[1:]
    if what == "serve":
        serve(address)
    elif what == "connect-scan":
        scan(address)
    else:
        talk(what, address, int(rest[0]), int(rest[1]))


if __name__ == "__main__":
    main()
