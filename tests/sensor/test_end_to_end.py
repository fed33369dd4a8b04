"""From a real client's first packet to the message that somebody gets, with every program as it is shipped.

A guest downloads a torrent with Transmission and gives it to others. The sensor stands at the router, as at a mirror
port; Prometheus scrapes it with the rules of ``deploy/``, Alertmanager routes by the file of ``deploy/``, and a webhook
gets the alert. Who the guest is stands in a lease file, and nowhere else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.build.daemon import Running, running
from tests.build.prometheus import DEPLOY, RULES, Alertmanager, Prometheus, Receiver, alertmanager, prometheus, receiver
from tests.build.sensor import POLICY
from tests.build.waiting import wait_until
from tests.lab.clients import Transmission
from tests.lab.inside import inside
from tests.lab.process import ROOT
from tests.lab.scene import Scene
from tests.lab.test_runs import BASE, need
from tests.lab.topology import Lab
from tests.lab.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.topology import Host

pytestmark = [pytest.mark.lab, pytest.mark.slow]

GUEST, SEED = "10.40.7.77", "198.51.100.20"
DEVICE = "zebulons-phone"
TORRENT = "the-secret-film.bin"
RULE = "guests-share-nothing"
GUESTS = (
    POLICY
    + f"""\
rules:
  - id: {RULE}
    group: guests
    when: {{participation: connected, confidence: likely}}
    verdict: violation
    severity: high
    reason: guests share no files
"""
)


def leases(folder: Path, host: Host) -> str:
    """Write who held the guest's address; return what a sensor file says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    line = f"{int(time.time()) + 86400} {host.mac} {host.ip} {DEVICE} 01:{host.mac}\n"
    (folder / "dnsmasq.leases").write_text(line)
    (folder / "identity.yaml").write_text(
        "version: 1\nsources:\n  - {name: wlan, kind: dnsmasq, files: dnsmasq.leases, lease: 1d}\n"
    )
    return f"identity: identity.yaml\nsinks: [{{kind: eve, to: 'file:{folder}/eve.json'}}]\n"


def shortened(written: str, url: str) -> str:
    """Return the shipped routing with the test's webhook behind every receiver, and short waits; all else stays."""
    config: dict[str, Any] = yaml.safe_load(written)
    for each in config["receivers"]:
        told = [key for key in each if key != "name"]
        for key in told:
            del each[key]
        if told:  # whoever is told nothing is told nothing
            each["webhook_configs"] = [{"url": url}]

    def shorten(route: dict[str, Any]) -> None:
        route |= {key: "1s" for key in ("group_wait", "group_interval") if key in route}
        for inner in route.get("routes", ()):
            shorten(inner)

    shorten(config["route"])
    return yaml.safe_dump(config)


class Everything:
    """All that runs."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.lab = ends.enter_context(Lab())
        self.scene = Scene(self.lab, Truth("", "", ""))
        self.guest = self.scene.host("guest", "guests", GUEST, role="downloads")
        ends.enter_context(inside(self.lab.router))
        self.folder = folder / "sensor"
        said = leases(self.folder, self.guest)
        self.sensor: Running = ends.enter_context(running(self.folder, "guests", said, policy=GUESTS))
        self.webhook: Receiver = ends.enter_context(receiver())
        routing = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
        self.alerts: Alertmanager = ends.enter_context(alertmanager(shortened(routing, self.webhook.url)))
        self.prometheus: Prometheus = ends.enter_context(
            prometheus({"auditor": self.sensor.port}, rules=RULES, alerts=self.alerts)
        )
        self.prometheus.until('up{job="auditor"} == 1')

    def auditor(self, *words: str) -> str:
        """Run the command beside the sensor."""
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Everything]:
    """A company's network with a sensor, and who watches it."""
    need(*BASE, "transmission-daemon", "transmission-remote", "prometheus", "prometheus-alertmanager")
    with ExitStack() as ends:
        yield Everything(tmp_path, ends)


def test_a_guests_download_becomes_a_message(everything: Everything) -> None:
    """The message has the group, the severity and the incident; neither it nor anything else names a person."""
    scene, sensor = everything.scene, everything.sensor
    torrent = scene.torrent(TORRENT, 512 * 1024, tracked=True)
    scene.announce(torrent)
    scene.seed(torrent, SEED)
    client = Transmission(everything.lab, everything.guest)
    client.add(torrent)

    alert = everything.webhook.until(lambda alert: alert["labels"].get("group") == "guests", 90)
    labels = alert["labels"]
    assert (labels["alertname"], labels["severity"]) == ("AuditorGuestOrContractorViolation", "high")
    assert labels["rule"] == RULE
    wait_until(lambda: client.done(torrent), 60)

    shown = everything.auditor("evidence", "show", labels["incident"], "--store", sensor.store)
    assert labels["incident"] in shown
    assert RULE in shown
    metrics = sensor.metrics()
    assert sensor.get("/-/healthy")
    assert sensor.total("auditor_lost_frames_total") == 0
    assert sum(value for name, value in metrics.items() if name.startswith("auditor_open_incident_info{")) >= 1
    told = sensor.get("/metrics")
    assert sensor.stop() == 0

    eve = (everything.folder / "eve.json").read_text()
    assert f'"auditor_incident":["{labels["incident"]}"]' in eve
    for place, text in {
        "alerts": json.dumps(everything.webhook.posts),
        "metrics": told,
        "sink": eve,
        "log": sensor.log,
    }.items():
        found = [word for word in (GUEST, SEED, everything.guest.mac, DEVICE, "the-secret-film") if word in text]
        assert (place, found) == (place, [])
