"""The dashboards, and every question that they and the alerts ask, put to a real Prometheus over a real page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from auditor.metrics.server import serve
from deploy.grafana.__main__ import written
from tests.build.prometheus import DEPLOY, prometheus
from tests.build.states import FIRST, SECOND_ID, busy_state, quiet_state
from tests.deploy.test_prometheus import ALERTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.build.prometheus import Prometheus

FOLDER = DEPLOY / "grafana"
BOARDS = {path.stem: json.loads(text) for path, text in written().items()}
NOT_AT_ONCE = {
    "AuditorFramesLost",
    "AuditorIdentityReloadFailed",
    "AuditorMirrorDrops",
    "AuditorMirrorSilent",
    "AuditorNotReady",
    "AuditorRestarting",
    "AuditorSensorDown",
    "AuditorVerdictsLate",
    "AuditorViolation",
}
"""Alerts that a busy sensor gives no reason for. All others fire or are pending."""


def panels() -> list[tuple[str, dict[str, Any]]]:
    """All panels that ask something, with the dashboard's name."""
    return [(name, panel) for name, board in BOARDS.items() for panel in board["panels"] if panel["type"] != "row"]


def expressions() -> dict[str, str]:
    """What the panels ask, as Grafana would for all sensors, by where it stands."""
    return {
        f"{name}: {panel['title']} {target['refId']}": target["expr"]
        .replace("$instance", ".*")
        .replace("$__rate_interval", "20s")
        .replace("$__range", "5m")
        for name, panel in panels()
        for target in panel["targets"]
    }


@pytest.mark.parametrize("path", written(), ids=lambda path: path.stem)
def test_the_dashboards_are_what_the_code_makes(path: Path) -> None:
    """``python -m deploy.grafana`` writes them anew."""
    assert path.read_text("utf-8") == written()[path]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_can_be_provisioned(name: str) -> None:
    """It has an id of its own, asks for its data source, and its panels lie side by side."""
    board = BOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]

    assert board["uid"] == name
    assert len(set(ids)) == len(ids)
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "instance"}
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_provisioning_names_what_is_there() -> None:
    """The files that Grafana is given, read as YAML."""
    sources = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "prometheus.yml").read_text("utf-8"))
    boards = yaml.safe_load((FOLDER / "provisioning" / "dashboards" / "auditor.yml").read_text("utf-8"))

    assert [source["type"] for source in sources["datasources"]] == ["prometheus"]
    assert boards["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards"


@pytest.fixture(scope="module")
def seen() -> Iterator[Prometheus]:
    """A Prometheus that saw a sensor begin and become busy."""
    state = quiet_state()
    with (
        serve(lambda: state, reload=bool, healthy=bool, ready=bool, port=0) as page,
        prometheus({"auditor": page.port}) as one,
    ):
        one.until('auditor_violating_uploads_total{group="contractors"} == 0')
        state = busy_state()
        one.until("instance:auditor_frames:rate5m > 0")
        # Each group of rules has its turn within the second.
        one.until(f"count(count by (alertname) (ALERTS)) == {len(ALERTS) - len(NOT_AT_ONCE)}")
        yield one


@pytest.mark.slow
def test_every_panel_shows_something(seen: Prometheus) -> None:
    """An expression with an error, or about what is not there, would be an empty panel for ever."""
    empty = [where for where, expression in expressions().items() if not seen.query(expression)]

    assert empty == []


@pytest.mark.slow
def test_every_alert_can_be_evaluated_and_the_right_ones_are_raised(seen: Prometheus) -> None:
    """A sensor that is in trouble everywhere raises nearly all of them."""
    for alert in ALERTS.values():
        seen.query(alert["expr"])
    raised = {sample["metric"]["alertname"] for sample in seen.query("ALERTS")}

    assert set(ALERTS) - raised == NOT_AT_ONCE


@pytest.mark.slow
def test_an_alert_about_an_incident_carries_its_id_and_nobody_s_name(seen: Prometheus) -> None:
    """Group, severity, rule and the opaque id."""
    alerts = [alert for alert in seen.alerts() if alert["labels"]["alertname"] == "AuditorGuestOrContractorViolation"]

    assert {alert["labels"]["incident"] for alert in alerts} == {FIRST, SECOND_ID}
    assert {(alert["labels"]["group"], alert["labels"]["severity"], alert["labels"]["rule"]) for alert in alerts} == {
        ("guests", "medium", "guest-sharing"),
        ("contractors", "high", "contractor-sharing"),
    }


@pytest.mark.slow
def test_exemplars_lead_to_the_evidence(seen: Prometheus) -> None:
    """Prometheus keeps them, by the incident's id."""
    found = seen.exemplars("auditor_verdict_delay_seconds_bucket")

    assert {exemplar["labels"]["incident"] for series in found for exemplar in series["exemplars"]} == {FIRST}
