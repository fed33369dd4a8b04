"""A Prometheus that goes away costs nothing: the sensor goes on, and what happened meanwhile is in the next scrape."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from tests.build.prometheus import prometheus
from tests.faults.running import Files, Sensor
from tests.faults.traffic import office

if TYPE_CHECKING:
    from pathlib import Path

COUNTED = 'sum(auditor_incidents_total{job="auditor"})'
WITHIN_A_SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: sensor\r\n\r\n"


def incidents(sensor: Sensor) -> float:
    """Return how many incidents the sensor counts."""
    return sum(value for name, value in sensor.metrics().items() if name.startswith("auditor_incidents_total"))


def test_a_prometheus_that_goes_away_misses_nothing(tmp_path: Path) -> None:
    """It ends, half-read answers and all; the sensor counts on, and a Prometheus that starts later knows the sum."""
    files = Files(tmp_path)
    with (
        Sensor.replaying(files, "--speed", "120", "--loops", "1000000", office(tmp_path, 600)) as sensor,
        ExitStack() as gone,
    ):
        sensor.wait_until_ready()
        with prometheus({"auditor": files.port}) as before:
            [sample] = before.until(f"{COUNTED} > 0")
            last_scraped = float(sample["value"][1])
        for _ in range(20):  # Scrapers that die while they are answered.
            unread = gone.enter_context(closing(socket.create_connection(("127.0.0.1", files.port), timeout=10)))
            unread.sendall(WITHIN_A_SCRAPE)
        sensor.wait(lambda: incidents(sensor) > last_scraped + 10)
        gone.close()
        meanwhile = incidents(sensor)

        with prometheus({"auditor": files.port}) as after:
            after.until(f"{COUNTED} >= {meanwhile}")
            assert after.query('up{job="auditor"} == 1')
        assert sensor.metric("auditor_store_up") == 1
        assert "Traceback" not in sensor.said()
        assert sensor.stop() in {0, 1}
