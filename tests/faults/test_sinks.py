"""Sinks that are slow or away delay nobody, and what they are not told is counted."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

from tests.faults.running import Files, Sensor
from tests.faults.traffic import office

if TYPE_CHECKING:
    from pathlib import Path


def test_a_sink_that_takes_nothing_delays_nobody(tmp_path: Path) -> None:
    """Its queue fills, what has no room is counted, and the store has everything."""
    path = tmp_path / "siem.sock"
    more = f'sinks:\n  - {{kind: eve, to: "unix:{path}", queue: 100}}'
    files = Files(tmp_path, more=more)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as server:
        server.bind(str(path))
        server.listen(1)  # and never reads
        with Sensor.replaying(files, "--speed", "3600", "--loops", "1000000", office(tmp_path, 600)) as sensor:
            sensor.wait_until_ready()
            sensor.wait(lambda: sensor.metric('auditor_sink_dropped_total{sink="eve"}') > 0)
            metrics = sensor.metrics()
            assert sensor.stop() in {0, 1}

    assert metrics["auditor_store_up"] == 1
    counted = sum(value for name, value in metrics.items() if name.startswith("auditor_incidents_total"))
    assert len({body["id"] for body in files.bodies("incident")}) >= counted > 0
    assert sum(value for name, value in metrics.items() if name.startswith("auditor_store_dropped")) == 0


def test_a_sink_that_is_away_is_told_later(tmp_path: Path) -> None:
    """Metrics and log say so meanwhile."""
    path = tmp_path / "siem.sock"
    files = Files(tmp_path, more=f'sinks:\n  - {{kind: eve, to: "unix:{path}"}}')
    with Sensor.replaying(files, "--speed", "600", "--loops", "1000000", office(tmp_path)) as sensor:
        sensor.wait_until_ready()
        sensor.wait(lambda: sensor.metric('auditor_sink_up{sink="eve"}') == 0)
        assert '"sink": "eve"' in sensor.said() or "sink=eve" in sensor.said()
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as server:
            server.bind(str(path))
            server.listen(1)
            server.settimeout(60)
            taken, _ = server.accept()
            with closing(taken):
                assert b'"event_type":"alert"' in taken.recv(1 << 16)
                sensor.wait(lambda: sensor.metric('auditor_sink_up{sink="eve"}') == 1)
