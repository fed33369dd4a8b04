"""Who is told what, and in which words."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.build.prometheus import DEPLOY, alertmanager, program, receiver, routing
from tests.build.states import FIRST
from tests.deploy.test_prometheus import TESTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.build.prometheus import Alertmanager

FOLDER = DEPLOY / "alertmanager"
RECEIVERS = {
    "compliance": {"nobody", "compliance", "compliance-now", "guest-network"},
    "operations": {"nobody", "operations", "operations-now"},
}


def routed(labels: dict[str, str]) -> str:
    """Who is told of an alert with these labels."""
    words = [f"{name}={value}" for name, value in labels.items()]
    command = [program("amtool"), "config", "routes", "test", "--config.file=alertmanager.yml", *words]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout.strip()


def test_amtool_finds_nothing_to_object_to() -> None:
    """Routes, receivers and templates, as they are shipped."""
    command = [program("amtool"), "check-config", "alertmanager.yml"]

    checked = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"audience": "compliance", "severity": "critical", "group": "guests"}, "compliance-now"),
        ({"audience": "compliance", "severity": "high", "group": "contractors"}, "compliance-now"),
        ({"audience": "compliance", "severity": "medium", "group": "contractors"}, "compliance"),
        ({"audience": "compliance", "severity": "low", "group": "employees"}, "compliance"),
        ({"audience": "compliance", "severity": "medium", "group": "guests"}, "guest-network"),
        ({"audience": "compliance", "severity": "info", "group": "employees"}, "nobody"),
        ({"audience": "operations", "severity": "critical", "group": "sensor"}, "operations-now"),
        ({"audience": "operations", "severity": "medium", "group": "sensor"}, "operations"),
        ({"alertname": "SomebodyElses"}, "operations"),
    ],
)
def test_alerts_go_where_they_belong(labels: dict[str, str], told: str) -> None:
    """By audience, severity and group."""
    assert routed(labels) == told


def test_every_alert_reaches_its_audience() -> None:
    """None of compliance's goes to operations, none of theirs to compliance."""
    labels = {tuple(sorted(each["exp_labels"].items())) for _, expected in TESTED for each in expected}
    routes = {tuple((name, dict(each).get(name, "")) for name in ("audience", "severity", "group")) for each in labels}

    for route in routes:
        assert routed(dict(route)) in RECEIVERS[dict(route)["audience"]], route


@pytest.fixture(scope="module")
def running() -> Iterator[Alertmanager]:
    """An Alertmanager with the shipped configuration."""
    with receiver() as news, alertmanager(routing(news.url)) as one:
        yield one


def labelled(name: str, instance: str, severity: str = "medium", audience: str = "operations") -> dict[str, str]:
    """An alert's labels."""
    group = "sensor" if audience == "operations" else "guests"
    return {"alertname": name, "instance": instance, "severity": severity, "audience": audience, "group": group}


@pytest.mark.parametrize(
    ("number", "source", "muted", "heard"),
    [
        (1, ["AuditorSensorDown"], ["AuditorFramesLost", "AuditorCanaryMissed", "AuditorCoverageGap"], []),
        (2, ["AuditorInterfaceDown"], ["AuditorNotReady", "AuditorCoverageGap"], ["AuditorMirrorDrops"]),
        (3, ["AuditorStoreFailing"], ["AuditorStoreBehind", "AuditorNotReady"], ["AuditorRecordsDropped"]),
        (4, ["AuditorFramesLost"], ["AuditorCoverageGap"], ["AuditorClockOff"]),
    ],
)
def test_a_cause_mutes_what_follows_from_it(
    running: Alertmanager, number: int, source: list[str], muted: list[str], heard: list[str]
) -> None:
    """On the same sensor alone."""
    here, elsewhere = f"a{number}:9465", f"b{number}:9465"
    running.add(*(labelled(name, here) for name in (*source, *muted, *heard)))
    running.add(*(labelled(name, elsewhere) for name in muted[:1]))

    def names(instance: str, *, is_muted: bool) -> set[str]:
        return {
            alert["labels"]["alertname"]
            for alert in running.alerts()
            if alert["labels"]["instance"] == instance and bool(alert["status"]["inhibitedBy"]) == is_muted
        }

    assert names(here, is_muted=True) == set(muted)
    assert names(here, is_muted=False) == {*source, *heard}
    assert names(elsewhere, is_muted=True) == set()


def test_a_critical_violation_outweighs_slight_ones_of_its_group(running: Alertmanager) -> None:
    """Nothing outweighs a high one, and a sensor that is down no violation."""
    running.add(
        labelled("AuditorSensorDown", "c:9465", "critical"),
        labelled("AuditorGrave", "c:9465", "critical", "compliance"),
        labelled("AuditorHigh", "c:9465", "high", "compliance"),
        labelled("AuditorLow", "c:9465", "low", "compliance"),
        {**labelled("AuditorOther", "c:9465", "low", "compliance"), "group": "employees"},
    )

    muted = {
        alert["labels"]["alertname"]
        for alert in running.alerts()
        if alert["labels"]["instance"] == "c:9465" and alert["status"]["inhibitedBy"]
    }

    assert muted == {"AuditorLow"}


def rendered(folder: Path, *alerts: dict[str, Any], status: str = "firing") -> str:
    """Subject and text of a mail about these alerts."""
    data = {
        "status": status,
        "alerts": [{"startsAt": "2026-11-26T09:00:00Z", "endsAt": "2026-11-26T10:00:00Z", **each} for each in alerts],
        "commonLabels": alerts[0]["labels"],
        "commonAnnotations": alerts[0]["annotations"] if len(alerts) == 1 else {},
        "groupLabels": {"alertname": alerts[0]["labels"]["alertname"], "group": alerts[0]["labels"]["group"]},
    }
    (folder / "data.json").write_text(json.dumps(data))
    command = [
        program("amtool"),
        "template",
        "render",
        "--template.glob=templates/*.tmpl",
        '--template.text={{ template "auditor.subject" . }}\n\n{{ template "auditor.text" . }}',
        f"--template.data={folder / 'data.json'}",
    ]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout


INCIDENT = {
    "status": "firing",
    "labels": {
        **labelled("AuditorGuestOrContractorViolation", "a:9465", audience="compliance"),
        "incident": FIRST,
        "rule": "guest-sharing",
    },
    "annotations": {"summary": "Violation by guests", "description": "Words.", "runbook_url": "file:///r.md#x"},
}


def test_a_mail_about_an_incident_says_how_to_see_its_evidence(tmp_path: Path) -> None:
    """By the opaque id; who it was is for whoever may look."""
    assert rendered(tmp_path, INCIDENT).split("\n") == [
        "[FIRING] medium: Violation by guests",
        "",
        "Violation by guests",
        "",
        "Words.",
        "",
        f"  incident:  {FIRST}",
        "  rule:      guest-sharing",
        f"  evidence:  auditor evidence show {FIRST}",
        "",
        "  group:     guests",
        "  severity:  medium",
        "  sensor:    a:9465",
        "  since:     2026-11-26 09:00:00 UTC",
        "  runbook:   file:///r.md#x",
        "",
        "",
    ]


def test_a_mail_about_the_sensor_names_no_incident(tmp_path: Path) -> None:
    """There is none."""
    alert = {**INCIDENT, "labels": labelled("AuditorFramesLost", "a:9465")}

    text = rendered(tmp_path, alert)

    assert "incident" not in text
    assert "evidence show" not in text


def test_several_alerts_are_one_mail_and_an_end_is_told(tmp_path: Path) -> None:
    """With how many there are, and until when."""
    text = rendered(tmp_path, {**INCIDENT, "status": "resolved"}, {**INCIDENT, "status": "resolved"}, status="resolved")

    assert text.startswith("[RESOLVED 2] medium: AuditorGuestOrContractorViolation guests\n")
    assert text.count("  until:     2026-11-26 10:00:00 UTC\n") == 2
