"""What systemd is told."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from auditor.sensor.notify import Notify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Systemd's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(5)
        yield end


def _told(end: socket.socket) -> list[str]:
    return end.recv(4096).decode().split("\n")


def test_each_state_is_told(manager: socket.socket) -> None:
    """In the words of sd_notify(3)."""
    notify = Notify({"NOTIFY_SOCKET": manager.getsockname()})
    assert notify.is_heard
    notify.ready("watching eth1")
    notify.alive()
    notify.stopping()
    notify.status("2 open violations")
    notify.extend(1.5)
    assert [_told(manager) for _ in range(5)] == [
        ["READY=1", "STATUS=watching eth1"],
        ["WATCHDOG=1"],
        ["STOPPING=1"],
        ["STATUS=2 open violations"],
        ["EXTEND_TIMEOUT_USEC=1500000"],
    ]


def test_a_reload_is_told_with_its_time(manager: socket.socket) -> None:
    """On the clock that systemd compares."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Notify({"NOTIFY_SOCKET": manager.getsockname()}).reloading()
    first, second = _told(manager)
    assert first == "RELOADING=1"
    name, _, moment = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(moment) <= before + 60_000_000


def test_a_status_is_one_line(manager: socket.socket) -> None:
    """Nothing in it can say another thing to systemd."""
    Notify({"NOTIFY_SOCKET": manager.getsockname()}).status("a\nMAINPID=1" + "x" * 500)
    (line,) = _told(manager)
    assert line.startswith("STATUS=a\\nMAINPID=1")
    assert len(line) < 250


def test_an_abstract_socket_will_do() -> None:
    """Its name begins with an @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0auditor-test-{os.getpid()}")
        end.settimeout(5)
        Notify({"NOTIFY_SOCKET": f"@auditor-test-{os.getpid()}"}).ready()
        assert _told(end) == ["READY=1"]


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/no/where"}]
)
def test_without_a_listener_nothing_happens(environ: dict[str, str]) -> None:
    """A sensor runs without systemd, too."""
    notify = Notify(environ)
    notify.ready("x")
    assert notify.is_heard == (environ.get("NOTIFY_SOCKET") == "/no/where")


def test_the_watchdog_is_ours_alone() -> None:
    """Not that of the process which started us."""
    assert Notify({"WATCHDOG_USEC": "30000000"}).watchdog_seconds == 30
    assert Notify({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_seconds == 30
    assert Notify({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_seconds is None
    assert Notify({"WATCHDOG_USEC": "soon"}).watchdog_seconds is None
    assert Notify({}).watchdog_seconds is None
