"""Checks of files."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.sensor import load
from auditor.sensor.doctor import files
from tests.build.doctor import case
from tests.build.sensor import NOW, POLICY

if TYPE_CHECKING:
    from pathlib import Path


def test_files_that_are_right_are_named(tmp_path: Path) -> None:
    """Each of them."""
    found = list(files.are_right(case(tmp_path)))
    assert [(each.subject, each.status) for each in found] == [
        ("sensor file", "right"),
        ("policy", "right"),
        ("key file", "right"),
    ]


def test_one_issue_is_told_with_its_hint_and_more_by_the_command(tmp_path: Path) -> None:
    """A table has no room for all of them."""
    policy = POLICY.replace("announced", "# announced")
    (_, one, _) = files.are_right(case(tmp_path, policy=policy))
    assert one.status == "wrong"
    assert (one.todo or "").startswith("tell the people")
    (_, two, _) = files.are_right(case(tmp_path, policy=policy.replace("retention", "# retention")))
    assert two.todo == f"auditor sensor check --config {tmp_path / 'sensor.yaml'}"
    (three, *_) = files.are_right(case(tmp_path, "metrics: {listen: '0.0.0.0:1'}\n"))
    assert three.status == "doubtful"


def test_a_key_that_others_may_read_is_none(tmp_path: Path) -> None:
    """And one beside the evidence is told."""
    assert [each.status for each in files.keeps_its_key_apart(case(tmp_path))] == ["right"]
    looked_at = case(tmp_path)
    (tmp_path / "pseudonyms.key").chmod(0o440)
    (found,) = files.keeps_its_key_apart(looked_at)
    assert (found.status, found.todo) == ("wrong", f"chmod 0400 {tmp_path / 'pseudonyms.key'}")
    path = tmp_path / "sensor.yaml"
    path.write_text(path.read_text().replace("key_file: pseudonyms.key\n", ""))
    (beside,) = files.keeps_its_key_apart(replace(looked_at, config=load.load(path)))
    assert beside.status == "doubtful"


def test_sources_are_read_and_fresh(tmp_path: Path) -> None:
    """One that is followed and silent for a day may have stopped."""
    names = ("now", "old", "kept")
    entries = "".join(
        f"  - {{name: {name}, kind: dnsmasq, files: [{name}.leases], follow: {str(name != 'kept').lower()}}}\n"
        for name in names
    )
    (tmp_path / "identity.yaml").write_text(f"version: 1\nsources:\n{entries}")
    for name, age in zip(names, (60, 3 * 86_400, 3 * 86_400), strict=True):
        path = tmp_path / f"{name}.leases"
        path.touch()
        os.utime(path, (NOW // 10**9 - age,) * 2)
    found = list(files.know_who_was_who(case(tmp_path, "identity: identity.yaml\n")))
    assert [(each.subject, each.status) for each in found] == [
        ("source now", "right"),
        ("source old", "doubtful"),
        ("source kept", "right"),
    ]
    assert "3 days" in found[1].found


def test_a_source_that_is_not_there_yet_is_doubtful(tmp_path: Path) -> None:
    """A followed one may come."""
    entry = "{name: a, kind: dnsmasq, files: [a.leases], follow: true}"
    (tmp_path / "identity.yaml").write_text(f"version: 1\nsources: [{entry}]\n")
    assert [each.status for each in files.know_who_was_who(case(tmp_path, "identity: identity.yaml\n"))] == ["doubtful"]


def test_what_people_were_promised_is_said(tmp_path: Path) -> None:
    """Where, when, for how long."""
    (found,) = files.keeps_its_promises(case(tmp_path))
    assert found.found == "announced on 2026-01-31, staff handbook; kept for 180 days"
    assert not list(files.keeps_its_promises(case(tmp_path, policy=POLICY.replace("announced", "# announced"))))
