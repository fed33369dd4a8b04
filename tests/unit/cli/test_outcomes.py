"""How the outcome of a policy's tests reads, for people and for collectors."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from auditor.audit.policy_tests import Difference, Failure, Outcome, SuiteOutcome, run
from auditor.cli import outcomes
from auditor.policy.testing import Case

GOOD = Path(__file__).parents[2] / "cases" / "policy-tests" / "good.yaml"


def _failed(folder: Path) -> SuiteOutcome:
    path = folder / "some.test.yaml"
    path.write_text(
        f"policy: {GOOD}\ntests:\n  - name: sharing is <allowed>\n"
        "    observation: {host: 10.20.0.5, at: 2026-12-22T10:00:00Z}\n    expect: {verdict: allow, rule: default}\n"
        "  - name: staff\n    observation: {host: 10.20.0.5, at: 2026-12-22T10:00:00Z}\n    expect: {group: staff}\n"
    )
    return run(path)


def test_a_failure_reads_as_a_difference(tmp_path: Path) -> None:
    """A line for the file, one for the test with its place, then what was expected and what came."""
    suite = _failed(tmp_path)
    assert list(outcomes.text([suite])) == [
        f"{suite.path}: \x1b[31mFAILED\x1b[0m, 1 of 2 tests",
        f"  FAILED {suite.path}:3: sharing is <allowed>",
        f"    {suite.path}:5:",
        "      verdict  expected allow",
        "               got      violation",
        "      rule     expected default",
        "               got      sharing",
        "      reason   no sharing",
    ]


def test_a_bad_file_shows_its_issues(tmp_path: Path) -> None:
    """With their places, as a check does."""
    path = tmp_path / "bad.test.yaml"
    path.write_text(f"policy: {GOOD}\ntests: []\n")
    first, *rest = outcomes.text([run(path)])
    assert first == f"{path}: \x1b[31mBAD FILE\x1b[0m"
    assert rest[0] == f"  {path}:2:8: empty-list: 'tests' is an empty list"


def test_junit_counts_tests_failures_and_bad_files(tmp_path: Path) -> None:
    """In the attributes that collectors read."""
    bad = tmp_path / "bad.test.yaml"
    bad.write_text("tests: []\n")
    root = ET.fromstring(outcomes.junit([_failed(tmp_path), run(bad)]))  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("2", "1", "1")
    failed, wrong = root
    assert [case.get("name") for case in failed] == ["sharing is <allowed>", "staff"]
    assert failed[0].get("line") == "3"
    assert failed[0][0].get("message") == (
        "verdict: expected allow, got violation; rule: expected default, got sharing"
    )
    assert wrong[0][0].tag == "error"


def test_nothing_hostile_gets_into_the_xml() -> None:
    """A path or a capture's error may hold what no XML may."""
    case = Case("n\x00ame", 1, None, None, None, (), ())
    failure = Failure(1, "", (Difference("capture", "can be read", "\x1b]0;\ufffe"),))
    suite = SuiteOutcome(Path("a\x08\ud800.yaml"), None, (), (Outcome(case, (failure,)),))
    root = ET.fromstring(outcomes.junit([suite]).encode())  # noqa: S314 - our own
    assert root[0].get("name") == "a\\x08\\ud800.yaml"
    assert root[0][1].get("name") == "n\\x00ame"
