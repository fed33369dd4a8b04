"""``auditor sensor check``, as a shell sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.build.sensor import POLICY, sensor_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run


def test_files_that_are_right_end_with_0(run: Run, tmp_path: Path) -> None:
    """What was checked is counted on stderr."""
    ended = run("sensor", "check", "--config", str(sensor_files(tmp_path)))
    assert (ended.code, ended.out, ended.err) == (0, "", "3 files checked, 0 errors, 0 warnings\n")


def test_every_issue_of_every_file_is_printed(run: Run, tmp_path: Path) -> None:
    """With what to do, and the code of a wrong file."""
    path = sensor_files(tmp_path, "workers: many\n", policy=POLICY.replace("retention", "# retention"))
    ended = run("sensor", "check", "--config", str(path))
    assert ended.code == 2
    assert "bad-count: 'many' is no number" in ended.out
    assert "missing-retention: the policy does not say 'retention'" in ended.out
    assert ended.err == "3 files checked, 2 errors, 0 warnings\n"


def test_programs_get_json(run: Run, tmp_path: Path) -> None:
    """Each file with its issues."""
    path = sensor_files(tmp_path, policy="version: 1\n")
    ended = run("sensor", "check", "--config", str(path), "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["schema"]) == (2, "auditor.sensor-check/1")
    assert [each["what"] for each in document["files"]] == ["sensor", "policy", "key"]
    assert document["files"][1]["issues"][0]["code"] == "missing-purpose"


def test_without_a_file_the_default_is_named(run: Run) -> None:
    """And where an example is."""
    ended = run("sensor", "check")
    assert ended.code == 2
    assert "/etc/auditor/sensor.yaml" in ended.out
