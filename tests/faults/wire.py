"""A wire in a network namespace of its own: frames go in at one end, a sensor watches the other."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from tests.build.frames import Frame

T = TypeVar("T")
SENDER, RECEIVER = "wire0", "wire1"
_NEW_NET = 0x40000000


class Wire:
    """A namespace with a veth pair, removed when it is left."""

    def __init__(self) -> None:
        self.name = f"auditor-{os.getpid()}-{os.urandom(2).hex()}"

    def __enter__(self) -> Self:
        if os.geteuid() or shutil.which("ip") is None:
            pytest.skip("needs root and ip (iproute2)")
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.ip("link", "set", "lo", "up")
        self.run("sysctl", "-q", "net.ipv6.conf.default.disable_ipv6=1")
        self.make()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=True)

    @property
    def wrapper(self) -> list[str]:
        """What runs a program within."""
        return ["ip", "netns", "exec", self.name]

    def make(self) -> None:
        """Make the wire."""
        self.ip("link", "add", SENDER, "type", "veth", "peer", "name", RECEIVER)
        for end in (SENDER, RECEIVER):
            self.ip("link", "set", end, "up")

    def ip(self, *words: str) -> None:
        """Configure it."""
        subprocess.run(["ip", "-n", self.name, *words], check=True)

    def run(self, *words: str) -> None:
        """Run a program within."""
        subprocess.run([*self.wrapper, *words], check=True)

    def within(self, do: Callable[[], T]) -> T:
        """Do something within, in a thread: sockets stay where they were made."""
        answer: list[T] = []
        problem: list[BaseException] = []

        def enter() -> None:
            try:
                descriptor = os.open(Path("/run/netns") / self.name, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEW_NET):
                        raise OSError(ctypes.get_errno(), "setns")
                finally:
                    os.close(descriptor)
                answer.append(do())
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is waited for
                problem.append(raised)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if problem:
            raise problem[0]
        return answer[0]

    def send(self, frames: Iterable[Frame]) -> None:
        """Send frames as they are, now."""

        def put() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
                sender.bind((SENDER, 0))
                for _, data in frames:
                    sender.send(data)

        self.within(put)
