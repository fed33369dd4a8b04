"""``auditor policy init``, ``check``, ``test``, ``explain`` and ``diff``, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from auditor.cli.policy import policy
from auditor.policy import load
from auditor.policy.promises import Announced

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Run

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


def test_init_writes_where_and_when_people_were_told(tmp_path: Path) -> None:
    """So that a sensor may start with it."""
    path = tmp_path / "mine.yaml"
    where = "intranet: \"rules\", page 'Ö'"
    assert _run("init", path, "--announced", where, "--announced-on", "2026-01-31").exit_code == 0
    assert load.load(path).announced == Announced(where, date(2026, 1, 31))
    assert _run("init", path, "--force", "--announced", "the wall").exit_code == 0
    assert load.load(path).announced is not None


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("--announced-on", "2026-01-31"), "must say where"),
        (("--announced", " "), "there is no text here"),
        (("--announced", "the wall", "--announced-on", "yesterday"), "'yesterday' is no day"),
    ],
)
def test_init_writes_no_half_of_it(tmp_path: Path, told: tuple[str, ...], said: str) -> None:
    """Nor anything else then."""
    result = _run("init", tmp_path / "mine.yaml", *told)
    assert (result.exit_code, (tmp_path / "mine.yaml").exists()) == (2, False)
    assert said in result.stderr


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


def test_check_knows_tests_by_their_name(tmp_path: Path) -> None:
    """A shell's pattern of policies names them too: they are checked as what they are."""
    path = tmp_path / "x.test.yaml"
    path.write_text(f"policy: {ROOT / 'policies' / 'uploads.yaml'}\ntests: []\n")
    result = _run("check", path, *sorted((ROOT / "policies").glob("uploads*.yaml")))
    assert result.exit_code == 2
    assert "empty-list: 'tests' is an empty list" in result.stdout
    assert result.stderr == "3 files checked, 1 error, 0 warnings\n"


def test_tests_end_with_0_1_or_2(run: Run, tmp_path: Path) -> None:
    """All as expected; one that is not; a file that is wrong, whatever the others are."""
    good = ROOT / "policies" / "uploads.test.yaml"
    failing, bad = tmp_path / "failing.test.yaml", tmp_path / "bad.test.yaml"
    text = good.read_text("utf-8").replace("policy: uploads.yaml", f"policy: {ROOT / 'policies' / 'uploads.yaml'}")
    failing.write_text(text.replace("verdict: notice", "verdict: allow"))
    bad.write_text("tests: 5\n")

    ended = run("policy", "test", str(good))
    assert (ended.code, ended.out) == (0, f"{good}: SUCCESS, 4 tests\n")
    ended = run("policy", "test", str(good), str(failing))
    assert ended.code == 1
    assert f"{failing}: FAILED, 2 of 4 tests" in ended.out
    ended = run("policy", "test", str(failing), str(bad))
    assert ended.code == 2
    assert f"{bad}: BAD FILE" in ended.out
    assert f"{failing}: FAILED" in ended.out


def test_tests_are_chosen_and_told_in_three_forms(run: Run) -> None:
    """A pattern that matches none, or is none, is a slip that must not pass for success."""
    good = str(ROOT / "policies" / "uploads.test.yaml")
    assert "SUCCESS, 1 test\n" in run("policy", "test", good, "--run", "graver$").out
    assert json.loads(run("policy", "test", good, "--format", "json").out)["tests"] == 4
    assert run("policy", "test", good, "--format", "junit").out.startswith('<?xml version="1.0"')
    assert run("policy", "test", good, "--run", "no such test").code == 2
    assert "is no regular expression" in run("policy", "test", good, "--run", "(").err


def test_explain_tells_why_of_what_is_supposed_and_of_what_was_seen(run: Run) -> None:
    """In text and in JSON, without and with captures."""
    policy = str(ROOT / "policies" / "corporate.yaml")
    about = ("policy", "explain", policy, "--host", "10.40.12.5", "--at", "2026-11-19T12:38:00Z")

    supposed = run(*about, "--participation", "announced")
    seen = run(*about, "--over", str(OFFICE_DAY))
    one = json.loads(
        run(
            *about,
            "--over",
            str(OFFICE_DAY),
            "--infohash",
            "5892df74ecf25a9eed0c26f2b723595aeb73c53c",
            "--format",
            "json",
        ).out
    )

    assert (supposed.code, seen.code) == (0, 0)
    assert "supposed: 10.40.12.5, a torrent, announced, confirmed" in supposed.out
    assert "VIOLATION, severity medium, by rule guest-sharing" in supposed.out
    assert seen.out.count("Whose address it was") == 2
    (explained,) = one["explanations"]
    assert (explained["incident"], explained["rule"], explained["record"]) == ("i-0005", "guest-sharing", None)
    assert [rule["rule"] for rule in explained["rules"] if rule["decided"]] == ["guest-sharing"]


def test_explain_says_what_is_nearest_where_there_is_nothing(run: Run) -> None:
    """Another time, another host, or no time at all."""
    about = ("policy", "explain", str(ROOT / "policies" / "corporate.yaml"), "--over", str(OFFICE_DAY), "--host")
    ended = run(*about, "10.40.12.5", "--at", "2026-11-19T09:00:00Z")
    assert (ended.code, ended.out) == (2, "")
    assert "its incidents are i-0003 from 2026-11-19 12:38:00 to 14:40:02" in ended.err
    assert "it has none at any time" in run(*about, "10.40.12.6", "--at", "2026-11-19T09:00:00Z").err
    assert "is no time" in run(*about, "10.40.12.5", "--at", "noon").err


def test_explain_shows_people_with_leave_alone(run: Run, tmp_path: Path) -> None:
    """The record of the look stands before the output."""
    (tmp_path / "list.csv").write_text("valid_from,valid_to,ip,user\n2026-11-19T00:00:00Z,,10.40.12.5,kim\n")
    (tmp_path / "identity.yaml").write_text(
        "version: 1\naccess_log: seen.jsonl\nsources:\n  - {name: list, kind: intervals, files: list.csv}\n"
    )
    policy, identity = str(ROOT / "policies" / "corporate.yaml"), str(tmp_path / "identity.yaml")
    about = (
        "policy",
        "explain",
        policy,
        "--host",
        "10.40.12.5",
        "--at",
        "2026-11-19T12:38:00Z",
        "--identity",
        identity,
    )
    for form in ("text", "json"):
        assert "kim" not in run(*about, "--format", form).out
        ended = run(*about, "--format", form, "--show-people", "--reason", "complaint 17")
        assert "kim" in ended.out
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 2
    assert run(*about, "--show-people").code == 2


@pytest.mark.parametrize("people", ["none", "pseudonym"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_explain_names_nobody_unless_the_policy_does(run: Run, tmp_path: Path, people: str, form: str) -> None:
    """Neither holders, nor candidates, nor what the policy writes of them, in any form."""
    planted = ("mallory", "mallory-laptop", "52:54:00:aa:bb:cc", "trudy", "trudy-phone", "52:54:00:dd:ee:ff")
    (tmp_path / "list.csv").write_text(
        "valid_from,valid_to,ip,mac,host,user\n"
        "2026-11-19T00:00:00Z,,10.40.12.5,52:54:00:aa:bb:cc,mallory-laptop,mallory\n"
        "2026-11-19T00:00:00Z,,10.40.12.5,52:54:00:dd:ee:ff,trudy-phone,trudy\n"
    )
    (tmp_path / "identity.yaml").write_text(
        "version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n"
    )
    (tmp_path / "policy.yaml").write_text(
        f"version: 1\npurpose: test\npeople: {people}\ninside: [10.0.0.0/8]\ngroups:\n"
        "  - {name: a, users: [mallory], macs: ['52:54:00:dd:ee:ff'], default: {verdict: notice, reason: a}}\n"
        "  - {name: b, hosts: ['trudy-*'], networks: [10.40.0.0/16], default: {verdict: notice, reason: b}}\n"
        "  - {name: unattributed, default: {verdict: notice, reason: nobody}}\n"
        "  - {name: unknown, default: {verdict: notice, reason: not ours}}\n"
    )
    about = ("policy", "explain", str(tmp_path / "policy.yaml"), "--identity", str(tmp_path / "identity.yaml"))
    for at in ("2026-11-19T12:38:00Z", "2026-11-18T12:38:00Z"):
        for host in ("10.40.12.5", "10.40.12.6"):
            ended = run(*about, "--host", host, "--at", at, "--format", form, "--mac", "52:54:00:99:99:99")
            assert ended.code == 0
            assert not [name for name in (*planted, "99:99") if name in ended.out + ended.err]


def test_explain_says_what_could_not_be_read(run: Run, tmp_path: Path) -> None:
    """It explains what the other captures show, and ends with the code of a capture that could not be read."""
    (tmp_path / "bad.pcap").write_bytes(b"no capture")
    about = ("--host", "10.40.12.5", "--at", "2026-11-19T12:38:00Z", "--over", str(OFFICE_DAY))
    ended = run(
        "policy", "explain", str(ROOT / "policies" / "corporate.yaml"), *about, "--over", str(tmp_path / "bad.pcap")
    )
    assert ended.code == 3
    assert "bad.pcap could not be read" in ended.err
    assert "by rule guest-sharing" in ended.out


def test_diff_asks_identity_sources_too(tmp_path: Path) -> None:
    """A policy that knows a person judges otherwise only where somebody says whose the address was."""
    folder = ROOT / "samples" / "handover"
    other = tmp_path / "other.yaml"
    other.write_text((folder / "policy.yaml").read_text().replace("users: pat", "users: nobody"))
    words = ("diff", folder / "policy.yaml", other, "--over", folder / "inside.pcapng", "--format", "json")

    alone = json.loads(_run(*words).stdout)
    told = json.loads(_run(*words, "--identity", folder / "identity.yaml").stdout)

    assert alone["changes"] == []
    assert [(c["old"]["group"], c["new"]["group"]) for c in told["changes"]] == [("contractors", "guests")]
