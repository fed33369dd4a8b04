"""``auditor policy init``, ``check`` and ``diff``, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.policy import policy

ROOT = Path(__file__).parents[3]
OFFICE_DAY = ROOT / "samples" / "office-day.pcapng"
BROKEN = "version: 1\npurpose: test\npeople: pseudonyms\ngroups: []\n"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(argument) for argument in arguments])


def test_init_writes_a_policy_that_is_right(tmp_path: Path) -> None:
    """The first file has comments, names itself, and passes its check at once."""
    path = tmp_path / "mine.yaml"
    result = _run("init", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 file checked, 0 errors, 0 warnings" in result.stderr
    assert f"auditor policy check {path}" in path.read_text("utf-8")
    assert _run("check", path).exit_code == 0


def test_init_overwrites_only_when_told(tmp_path: Path) -> None:
    """Somebody's policy is not lost to a slip."""
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    result = _run("init", path)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert path.read_text() == "precious"
    assert _run("init", path, "--force").exit_code == 0
    assert path.read_text() != "precious"


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    """In a sentence, with the code of a usage error."""
    result = _run("init", tmp_path / "none" / "mine.yaml")
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory" in result.stderr


def test_check_prints_every_issue_of_every_file(tmp_path: Path) -> None:
    """Issues on stdout, the count on stderr, and exit code 2; a missing file hides nothing of the others."""
    path = tmp_path / "p.yaml"
    path.write_text(BROKEN)
    result = _run("check", tmp_path / "none.yaml", path)
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        f"{tmp_path}/none.yaml: policy-unreadable: the file cannot be read: No such file or directory",
        f"{path}:3:9: bad-people: 'pseudonyms' is not one of none, pseudonym, named",
        "    people: pseudonyms",
        "            ^^^^^^^^^^  did you mean 'pseudonym'?",
        f"{path}:4:9: empty-list: 'groups' is an empty list",
        "    groups: []",
        "            ^^  name one or leave the key out",
    ]
    assert result.stderr == "2 files checked, 3 errors, 0 warnings\n"


def test_a_warning_leaves_the_exit_code_alone(tmp_path: Path) -> None:
    """It is said, and that is all."""
    path = tmp_path / "p.yaml"
    _run("init", path)
    path.write_text(path.read_text("utf-8").replace("verdict: notice\n    severity: medium", "verdict: violation"))
    path.write_text(path.read_text("utf-8").replace("{participation: attempted, confidence: likely}", "{}"))
    result = _run("check", path)
    assert result.exit_code == 0
    assert "verdict-too-strong (warning)" in result.stdout
    assert result.stderr == "1 file checked, 0 errors, 1 warning\n"


def test_check_in_json_is_one_document(tmp_path: Path) -> None:
    """For editors and pipelines; a file that is right has its hash, one that is not has none."""
    path = tmp_path / "p.yaml"
    path.write_text(BROKEN)
    _run("init", tmp_path / "good.yaml")
    result = _run("check", "--format", "json", path, tmp_path / "good.yaml")
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert document["schema"] == "auditor.policy-check/1"
    bad, good = document["files"]
    assert bad["sha256"] is None
    assert bad["issues"][0] == {
        "code": "bad-people",
        "severity": "error",
        "message": "'pseudonyms' is not one of none, pseudonym, named",
        "file": str(path),
        "line": 3,
        "column": 9,
        "hint": "did you mean 'pseudonym'?",
    }
    assert len(good["sha256"]) == 64
    assert good["issues"] == []


@pytest.mark.parametrize("arguments", [["check"], ["check", "--format", "xml", "p.yaml"], ["int"]])
def test_wrong_usage_has_the_code_of_wrong_usage(arguments: list[str]) -> None:
    """As click has it."""
    assert _run(*arguments).exit_code == 2


def test_help_does_not_load_what_checking_needs() -> None:
    """``--help`` is quick: pydantic and PyYAML wait until a file is read."""
    probe = "import sys, auditor.cli.policy; sys.exit(bool({'pydantic', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_diff_tells_what_a_new_policy_judges_otherwise() -> None:
    """In text and in JSON, with exit code 0 unless it is asked to tell."""
    old, new = ROOT / "policies" / "office-hours.yaml", ROOT / "policies" / "corporate.yaml"

    shown = _run("diff", old, new, "--over", OFFICE_DAY)
    told = json.loads(_run("diff", old, new, "--over", OFFICE_DAY, "--format", "json").stdout)

    assert "notice → violation" in shown.stdout
    assert told["schema"] == "auditor.policy-diff/1"
    assert all(change["old"] != change["new"] for change in told["changes"])
    assert _run("diff", old, old, "--over", OFFICE_DAY, "--exit-code").exit_code == 0


def test_diff_of_a_bad_policy_says_every_issue(tmp_path: Path) -> None:
    """And judges nothing."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\n")

    result = _run("diff", bad, ROOT / "policies" / "corporate.yaml", "--over", OFFICE_DAY)

    assert result.exit_code == 2
    assert "missing-purpose" in result.stderr
