"""Running the tests of a policy."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditor.audit import policy_tests
from auditor.audit.policy_tests import Difference

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "cases" / "policy-tests" / "good.yaml"
SHIPPED = [*sorted((ROOT / "policies").glob("*.test.yaml")), ROOT / "samples" / "handover" / "policy.test.yaml"]


def _suite(folder: Path, tests: str, head: str = "") -> Path:
    path = folder / "some.test.yaml"
    path.write_text(f"policy: {GOOD}\n{head}tests:\n{tests}", "utf-8")
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_policies_that_ship_say_what_their_tests_expect(path: Path) -> None:
    """Each of them; the corporate one over a capture too."""
    outcome = policy_tests.run(path)
    assert outcome.outcomes
    assert [failure for each in outcome.outcomes for failure in each.failures] == []


def test_a_failure_says_what_was_expected_and_what_came(tmp_path: Path) -> None:
    """Only what differs, with the line of the expectation and the policy's own reason."""
    path = _suite(
        tmp_path,
        "  - name: sharing is allowed\n"
        "    observation: {host: 10.20.0.5, at: 2026-12-22T10:00:00Z}\n"
        "    expect: {group: staff, verdict: allow, rule: lab-month, severity: info, lapsed: []}\n",
    )
    (outcome,) = policy_tests.run(path).outcomes
    (failure,) = outcome.failures
    assert (outcome.case.line, failure.line, failure.reason) == (3, 5, "no sharing")
    assert failure.differences == (
        Difference("verdict", "allow", "violation"),
        Difference("severity", "info", "high"),
        Difference("rule", "lab-month", "sharing"),
        Difference("lapsed", "none", "lab-month"),
    )


def test_only_tests_that_match_are_run(tmp_path: Path) -> None:
    """By a regular expression that may match anywhere in the name."""
    one = "    observation: {host: 10.20.0.5, at: 2026-11-22T10:00:00Z}\n    expect: {verdict: allow}\n"
    path = _suite(tmp_path, f"  - name: first of all\n{one}  - name: second\n{one}")
    outcome = policy_tests.run(path, re.compile("fir.t"))
    assert [each.case.name for each in outcome.outcomes] == ["first of all"]


def test_who_held_the_address_comes_from_the_file_or_an_identity_file(tmp_path: Path) -> None:
    """Each says it with the time; what is written in a test is in no doubt."""
    (tmp_path / "list.csv").write_text("valid_from,valid_to,ip,user\n2026-11-22T08:00:00Z,,10.20.0.5,alice\n")
    (tmp_path / "identity.yaml").write_text(
        "version: 1\nsources:\n  - {name: list, kind: intervals, files: list.csv, clock: {offset: 0s}}\n"
    )
    test = (
        "  - name: held\n    observation: {host: 10.20.0.5, at: 2026-11-22T10:00:00Z}\n"
        "    expect: {status: attributed, group: staff}\n"
        "  - name: two\n    observation: {host: 10.20.0.5, at: 2026-11-22T10:00:00Z}\n"
        "    identities:\n      - {ip: 10.20.0.5, user: alice}\n      - {ip: 10.20.0.5, user: bob}\n"
        "    expect: {status: ambiguous, group: staff}\n"
    )
    for head in ("identity: identity.yaml\n", "identities: []\n"):
        outcome = policy_tests.run(_suite(tmp_path, test, head))
        assert [each.failures for each in outcome.outcomes] == [(), ()], outcome


def test_a_bad_identity_file_makes_a_bad_file(tmp_path: Path) -> None:
    """Its issues are told; no test is run."""
    (tmp_path / "identity.yaml").write_text("version: 2\n")
    test = "  - {name: a, observation: {host: 10.20.0.5, at: 2026-11-22T10:00:00Z}, expect: {group: staff}}\n"
    outcome = policy_tests.run(_suite(tmp_path, test, "identity: identity.yaml\n"))
    assert (outcome.suite, [issue.code for issue in outcome.issues]) == (None, ["bad-version"])


def test_a_capture_shows_how_far_clocks_are_off(tmp_path: Path) -> None:
    """Identity sources are measured against its frames, as an audit measures them."""
    samples = ROOT / "samples" / "handover"
    (tmp_path / "identity.yaml").write_text(
        f"version: 1\nsources:\n  - {{name: dhcp, kind: isc-dhcpd, files: {samples}/dhcpd.leases}}\n"
    )
    test = (
        f"  - name: handed over\n    capture: {samples / 'inside.pcapng'}\n    incidents: 3\n"
        "    expect: {host: 10.40.9.9, status: attributed}\n"
    )
    (outcome,) = policy_tests.run(_suite(tmp_path, test, "identity: identity.yaml\n")).outcomes
    assert outcome.passed, outcome.failures


def test_a_capture_is_judged_whole(tmp_path: Path) -> None:
    """An incident that is not there, another number of them, and another verdict are three failures."""
    capture = ROOT / "samples" / "office-day.pcapng"
    path = _suite(
        tmp_path,
        f"  - name: office\n    capture: {capture}\n    incidents: 2\n    expect:\n"
        "      - {host: 10.20.0.99, verdict: allow}\n"
        "      - {host: 10.20.3.14, kind: swarm, infohash: eb0992bcda017264d86968b93a821546a4aabf4d, verdict: notice}\n"
        "      - {host: 10.40.12.5, at: 2026-11-19T12:38:00Z, kind: swarm, verdict: violation}\n",
    )
    (outcome,) = policy_tests.run(path).outcomes
    missing, count, verdict = sorted(outcome.failures, key=lambda failure: failure.differences[0].what)
    assert verdict.differences[0].what == "verdict"
    assert (verdict.about.split(",")[0], verdict.differences[0].expected) == ("10.20.3.14", "notice")
    assert (missing.about, missing.differences[0].expected) == ("10.20.0.99", "one or more")
    assert count.differences[0] == Difference("incidents", "2", "5")


def test_a_file_that_is_no_capture_fails(tmp_path: Path) -> None:
    """The engine's reason is told; nothing else is said of it."""
    path = _suite(tmp_path, f"  - name: none\n    capture: {GOOD}\n    incidents: 0\n")
    (outcome,) = policy_tests.run(path).outcomes
    assert [each.what for failure in outcome.failures for each in failure.differences] == ["capture"]


def test_the_document_has_every_test(tmp_path: Path) -> None:
    """And of a bad file its issues."""
    bad = tmp_path / "bad.test.yaml"
    bad.write_text("tests: []\n")
    suites = [policy_tests.run(SHIPPED[0]), policy_tests.run(bad)]
    document = json.loads(json.dumps(policy_tests.document(suites)))
    assert (document["schema"], document["failed"]) == ("auditor.policy-test/1", 0)
    right, wrong = document["files"]
    assert len(right["tests"]) == document["tests"]
    assert right["tests"][0]["passed"]
    assert wrong["policy"] is None
    assert "empty-list" in wrong["issues"][-1]
