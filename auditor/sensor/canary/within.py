"""The process inside the canary's private namespace: real sockets talk over its loopback, which it mirrors out.

It is started by :mod:`auditor.sensor.canary.namespace`, says a line of JSON when it has its namespace, and answers one
with one: ``{"prepare": true}``, then ``{"asked": hex, "answered": hex, "query": hex, "reply": hex}`` for each canary.
It ends with its standard input, and the namespace with it.

What passes on the loopback is copied to the interface that leads out, as a mirror port does: unchanged, but for the
MAC addresses, of which a loopback has none.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from auditor.sensor.canary.frames import MACS
from auditor.sensor.canary.mark import ANSWERING, ASKING, DHT_PORT, PEER_PORT

OUTLET = "outlet"
"""The end of the pair of interfaces that is in here."""
_CLONE_NEWNET = 0x40000000
_IPV4 = b"\x08\x00"
_ETHERNET_HEADER = 14
_SOURCE, _TARGET = slice(26, 30), slice(30, 34)
_TIMEOUT = 5.0
_MAX_FRAME = 65536


def enter() -> None:
    """Leave the network that everybody uses.

    Raises:
        OSError: for want of CAP_SYS_ADMIN.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"a private network namespace: {os.strerror(number)}")


def prepare() -> None:
    """Give the loopback both addresses, and bring up what leads out."""
    for words in (
        *(("address", "add", f"{end}/32", "dev", "lo") for end in (ASKING, ANSWERING)),
        ("link", "set", "lo", "up"),
        ("link", "set", OUTLET, "arp", "off", "up"),
    ):
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)  # noqa: S603, S607


def talk(said: dict[str, bytes]) -> None:
    """Have both ends say their parts, over TCP and over UDP."""
    with socket.create_server((str(ANSWERING), PEER_PORT)) as listener:
        listener.settimeout(_TIMEOUT)
        answering = threading.Thread(target=_answer, args=(listener, said), daemon=True)
        answering.start()
        with socket.create_connection((str(ANSWERING), PEER_PORT), _TIMEOUT, (str(ASKING), 0)) as asking:
            asking.sendall(said["asked"])
            _read(asking, len(said["answered"]))
        answering.join(_TIMEOUT)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answer,
    ):
        answer.bind((str(ANSWERING), DHT_PORT))
        asking.bind((str(ASKING), 0))
        for each in (asking, answer):
            each.settimeout(_TIMEOUT)
        asking.sendto(said["query"], answer.getsockname())
        _, sender = answer.recvfrom(_MAX_FRAME)
        answer.sendto(said["reply"], sender)
        asking.recvfrom(_MAX_FRAME)


def _answer(listener: socket.socket, said: dict[str, bytes]) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(_TIMEOUT)
        _read(connection, len(said["asked"]))
        connection.sendall(said["answered"])
        connection.recv(1)


def _read(connection: socket.socket, length: int) -> None:
    while length > 0 and (data := connection.recv(length)):
        length -= len(data)


def mirror() -> None:
    """Copy what the loopback carries to the outlet, for ever."""
    ends = {address.packed: mac for address, mac in MACS.items()}
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as lo,
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out,
    ):
        lo.bind(("lo", 0x0800))
        out.bind((OUTLET, 0))
        _READY.set()
        while True:
            frame, (_, _, kind, *_) = lo.recvfrom(_MAX_FRAME)
            source = ends.get(frame[_SOURCE])
            target = ends.get(frame[_TARGET])
            if kind == socket.PACKET_HOST and source and target:
                out.send(target + source + _IPV4 + frame[_ETHERNET_HEADER:])


_READY = threading.Event()


def main() -> None:
    """Serve until standard input ends."""
    try:
        enter()
        _say({"namespace": os.getpid()})
        for line in sys.stdin:
            _serve(json.loads(line))
    except OSError as problem:
        _say({"error": problem.strerror or str(problem)})
    except subprocess.CalledProcessError as problem:
        _say({"error": f"ip: {problem.stderr.strip()}"})


def _serve(asked: dict[str, Any]) -> None:
    if asked.get("prepare"):
        prepare()
        threading.Thread(target=mirror, daemon=True).start()
        if not _READY.wait(_TIMEOUT):
            raise OSError("the loopback cannot be mirrored")
    else:
        talk({name: bytes.fromhex(value) for name, value in asked.items()})
    _say({})


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
