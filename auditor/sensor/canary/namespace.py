"""A private network namespace with one interface that leads out of it, to where the sensor captures.

It needs CAP_SYS_ADMIN and CAP_NET_ADMIN, and ``ip`` (iproute2). Nothing of the machine's own network is changed but for
that one interface, which has no address, asks and answers nothing, and goes with the process inside.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from auditor.model.text import harmless
from auditor.sensor.canary import mark
from auditor.sensor.canary.within import OUTLET

if TYPE_CHECKING:
    from auditor.sensor.canary.mark import Canary

INTERFACE = "auditor-canary"
"""What is captured."""
TIMEOUT = 10.0
MAX_LINE = 4096


class Namespace:
    """A private namespace, until it is closed or this process ends."""

    def __init__(self, interface: str = INTERFACE) -> None:
        """Make it.

        Raises:
            OSError: without the right to, or without ``ip``.
        """
        self.interface = interface
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "auditor.sensor.canary.within"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            inside = self._hear()["namespace"]
            _ip("link", "add", interface, "type", "veth", "peer", "name", OUTLET, "netns", str(inside))
            _ip("link", "set", interface, "addrgenmode", "none", "arp", "off", "up")
            self._ask({"prepare": True})
        except BaseException:
            self.close()
            raise

    def send(self, canary: Canary) -> None:
        """Have both ends talk; what they say comes by at the interface.

        Raises:
            OSError: if they cannot.
        """
        said = {
            "asked": mark.handshake(canary, b"asking"),
            "answered": mark.handshake(canary, b"answering"),
            "query": mark.query(canary),
            "reply": mark.reply(canary),
        }
        self._ask({name: value.hex() for name, value in said.items()})

    def close(self) -> None:
        """End it; its interface goes with it."""
        child = self._child
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            child.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _ask(self, words: dict[str, Any]) -> None:
        if self._child.stdin is None or self._child.stdin.closed:
            raise OSError("the canary's namespace is gone")
        self._child.stdin.write(json.dumps(words).encode() + b"\n")
        self._child.stdin.flush()
        self._hear()

    def _hear(self) -> dict[str, Any]:
        stdout = self._child.stdout
        if stdout is None or not select.select([stdout], [], [], TIMEOUT)[0]:
            raise TimeoutError("the canary's namespace does not answer")
        line = stdout.readline(MAX_LINE)
        if not line:
            raise OSError("the canary's namespace has ended")
        heard: dict[str, Any] = json.loads(line)
        if "error" in heard:
            raise OSError(harmless(str(heard["error"])))
        return heard


def _ip(*words: str) -> None:
    try:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=TIMEOUT)  # noqa: S603, S607
    except FileNotFoundError:
        raise OSError("'ip' is missing: install iproute2") from None
    except subprocess.CalledProcessError as problem:
        raise OSError(f"ip {' '.join(words[:3])}: {harmless(problem.stderr.strip())}") from None
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"ip {' '.join(words[:3])} does not end") from None
