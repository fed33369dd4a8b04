"""All files of a sensor at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sensor.check import check
from tests.build.sensor import NOW, POLICY, sensor_files

if TYPE_CHECKING:
    from pathlib import Path


def _told(path: Path) -> dict[str, list[str]]:
    return {each.what: [issue.code for issue in each.issues] for each in check(path, NOW, {}).files}


def test_files_that_are_right_leave_nothing_to_say(tmp_path: Path) -> None:
    """Each is looked at."""
    (tmp_path / "identity.yaml").write_text("version: 1\nsources: []\n")
    (tmp_path / "web.yml").write_text("basic_auth_users: {}\n")
    path = sensor_files(tmp_path, "identity: identity.yaml\nmetrics: {web_config: web.yml}\n")
    assert _told(path) == {"sensor": [], "policy": [], "identity": [], "key": [], "web": []}
    assert all(each.is_right for each in check(path, NOW, {}).files)


def test_each_file_is_checked_although_another_is_wrong(tmp_path: Path) -> None:
    """People want to read all of it at once."""
    (tmp_path / "identity.yaml").write_text("version: 2\nsources: []\n")
    policy = POLICY.replace("announced", "# announced").replace("notice, reason: a", "notise, reason: a")
    path = sensor_files(
        tmp_path, "identity: identity.yaml\nworkers: many\nmetrics: {web_config: none.yml}\n", policy=policy
    )
    (tmp_path / "pseudonyms.key").unlink()
    assert _told(path) == {
        "sensor": ["bad-count"],
        "policy": ["bad-verdict"],
        "identity": ["bad-version"],
        "key": ["bad-key-file"],
        "web": ["web-config-unreadable"],
    }
    assert check(path, NOW, {}).config is None


def test_what_only_a_sensor_asks_is_told(tmp_path: Path) -> None:
    """Although the policy itself is right."""
    path = sensor_files(tmp_path, policy=POLICY.replace("announced", "# announced"))
    assert _told(path)["policy"] == ["missing-announced"]


def test_a_sensor_file_that_is_not_there_is_all_there_is(tmp_path: Path) -> None:
    """Nothing else is known."""
    assert _told(tmp_path / "none.yaml") == {"sensor": ["sensor-unreadable"]}
