"""Rules, alerts, runbooks and the list of metrics, held against each other and against Prometheus' own tools."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from auditor.cli.program import cli
from auditor.metrics.sensor import SensorCollector
from tests.build.metrics_document import DOCUMENT, written
from tests.build.prometheus import DEPLOY, program
from tests.build.states import busy_state

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = DEPLOY / "prometheus"
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
RUNBOOKS = (FOLDER / "runbooks.md").read_text("utf-8")


def rules(name: str) -> list[dict[str, Any]]:
    """The rules of a file."""
    document = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts.yml")}
TESTED = [
    (case["alertname"], case.get("exp_alerts") or [])
    for path in TESTS
    for test in yaml.safe_load(path.read_text("utf-8"))["tests"]
    for case in test.get("alert_rule_test", [])
]


@pytest.mark.parametrize("command", [("rules", "recording.yml", "alerts.yml"), ("config", "prometheus.yml")])
def test_promtool_finds_nothing_to_object_to(command: tuple[str, ...]) -> None:
    """Rules and the example configuration, as they are shipped."""
    checked = subprocess.run(
        [program("promtool"), "check", *command], cwd=FOLDER, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    """Each alert, firing and not firing, with its words."""
    tested = subprocess.run(
        [program("promtool"), "test", "rules", path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_tested_firing_and_not_firing(name: str) -> None:
    """An alert that always or never fires passes neither."""
    outcomes = {bool(expected) for alert, expected in TESTED if alert == name}

    assert outcomes == {True, False}


def test_every_recording_rule_is_tested() -> None:
    """By name."""
    expressions = (FOLDER / "tests" / "rules.yml").read_text("utf-8")

    assert [rule["record"] for rule in rules("recording.yml") if rule["record"] not in expressions] == []


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_where_and_what_to_do(name: str) -> None:
    """A summary, a description, and a runbook whose section is there."""
    alert = ALERTS[name]
    annotations = alert["annotations"]

    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"file:///usr/share/doc/auditor/runbooks.md#{name.lower()}"
    assert f"\n### {name}\n\n" in RUNBOOKS


def test_runbooks_follow_the_alerts() -> None:
    """In their order, and none is left over."""
    assert re.findall(r"^### (\w+)$", RUNBOOKS, re.MULTILINE) == list(ALERTS)


def test_links_within_the_runbooks_lead_somewhere() -> None:
    """Anchors are headings in lower case."""
    anchors = {heading.lower() for heading in re.findall(r"^### (\w+)$", RUNBOOKS, re.MULTILINE)}

    assert set(re.findall(r"\(#(\w+)\)", RUNBOOKS)) <= anchors


def told_commands() -> set[str]:
    """The commands that runbooks and alerts tell people to run."""
    spans = re.findall(r"`(auditor [^`]+)`", re.sub(r"\s+", " ", RUNBOOKS))
    words = " ".join(alert["annotations"]["description"] for alert in ALERTS.values())
    return set(spans) | set(
        re.findall(r"auditor (?:evidence|policy|identity|sensor)(?: (?:--)?[a-z]+(?= |$|,))+", words)
    )


def test_what_people_are_told_to_run_is_there() -> None:
    """With its options; in the middle of the night nobody wants to guess."""
    assert len(told_commands()) > 15
    for told in told_commands():
        command: click.Command = cli
        context = click.Context(cli)
        words = told.split()[1:]
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words.pop(0))
            assert found is not None, told
            command = found
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, told


def test_every_alert_has_an_audience_a_severity_and_a_group() -> None:
    """They are routed by them. Those of an incident have severity and group from the policy."""
    for alert, expected in TESTED:
        for each in expected:
            labels = each["exp_labels"]
            assert labels["audience"] in {"compliance", "operations"}, alert
            assert labels["severity"] in {"info", "low", "medium", "high", "critical"}, alert
            assert labels["group"], alert


def test_no_alert_speaks_of_a_metric_that_is_not_there() -> None:
    """A rename would make it silent for ever."""
    known = {sample.name for family in SensorCollector(busy_state).collect() for sample in family.samples}
    recorded = {rule["record"] for rule in rules("recording.yml")}
    told = {
        word
        for rule in (*ALERTS.values(), *rules("recording.yml"))
        for word in re.findall(r"(?:[a-z_]+:)?auditor_[a-z_]+(?::[a-z0-9_]+)?", rule["expr"])
    }

    assert told - known - recorded == set()


def test_the_list_of_metrics_is_what_is_told() -> None:
    """``python -m tests.build.metrics_document`` writes it anew."""
    assert DOCUMENT.read_text("utf-8") == written()
