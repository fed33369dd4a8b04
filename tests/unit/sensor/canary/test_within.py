"""The process inside the private namespace, asked over its pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from auditor.sensor.canary import within
from auditor.sensor.canary.mark import ENDS
from tests.build.links import needs_root


def asked(*lines: dict[str, object], rights: tuple[str, ...] | None = None) -> list[dict[str, object]]:
    """Run it on these lines, with these of root's rights or all; return what it answers."""
    without = (
        ["setpriv", "--bounding-set", ",".join(("-all", *rights))] if rights is not None and not os.geteuid() else []
    )
    done = subprocess.run(
        [*without, sys.executable, "-m", "auditor.sensor.canary.within"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.lab
def test_without_a_way_out_it_says_why() -> None:
    """The other end of the pair is made by whoever started it; here nobody did."""
    needs_root()
    first, second = asked({"prepare": True})

    assert isinstance(first["namespace"], int)
    assert "Cannot find device" in str(second["error"])


def test_without_the_right_it_says_so() -> None:
    """A sensor that runs as nobody cannot make namespaces."""
    assert "a private network namespace: " in str(asked(rights=())[0]["error"])


@pytest.mark.lab
def test_both_ends_talk_over_the_loopback() -> None:
    """Real sockets: a connection with a handshake each way, and two datagrams."""
    needs_root()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            within.enter()
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            for end in ENDS:
                subprocess.run(["ip", "address", "add", f"{end}/32", "dev", "lo"], check=True)
            within.talk({"asked": b"a" * 68, "answered": b"b" * 68, "query": b"q", "reply": b"r"})
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
